// SPDX-License-Identifier: Apache-2.0
// Fused regions: a product (Conv, MatMul, Gemm) and the element-wise nodes after it that only it feeds.
#ifndef TENON_CPU_FUSE_HPP_
#define TENON_CPU_FUSE_HPP_

#include <vector>

#include "kernel.hpp"

namespace tenon::cpu {

// Who reads each value of a graph.
class Uses {
 public:
  explicit Uses(const plugin::Graph& graph);
  // The only node that reads `value`, when nothing else does and it is no output of the graph; -1 otherwise.
  int64_t only_reader(uint32_t value) const { return only_[value]; }
  // Every node that reads `value`, once for each input that does; empty for outputs of the graph.
  const std::vector<uint32_t>& readers(uint32_t value) const { return readers_[value]; }
  // The node that makes `value`, -1 when none does.
  int64_t maker(uint32_t value) const { return maker_[value]; }

 private:
  std::vector<int64_t> only_, maker_;
  std::vector<std::vector<uint32_t>> readers_;
};

// The function that a float32 node computes, when it is one of activation.hpp's with constant parameters.
std::optional<Activation> activation_of(const Node& node, const SessionDesc& session);

// Value of a constant float32 input of one element; `otherwise` when the input is absent; none when it is not constant.
std::optional<float> const_scalar(const Node& node, uint32_t input, const SessionDesc& session, float otherwise);

// The longest run of nodes behind `anchor` that its kernel can absorb: for MatMul a constant row bias, then for all an
// Add of a value with the same dims, then an activation.
Epilogue find_epilogue(const plugin::Graph& graph, const Uses& uses, const Node& anchor, const SessionDesc& session);

}  // namespace tenon::cpu

#endif  // TENON_CPU_FUSE_HPP_
