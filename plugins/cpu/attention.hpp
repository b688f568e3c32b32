// SPDX-License-Identifier: Apache-2.0
// The fused region softmax(Q * K^T + mask) * V.
#ifndef TENON_CPU_ATTENTION_HPP_
#define TENON_CPU_ATTENTION_HPP_

#include <memory>
#include <optional>
#include <vector>

#include "fuse.hpp"

namespace tenon::cpu {

struct AttentionRegion {
  std::vector<uint32_t> nodes;  // ascending
  Value q, k, v, mask;          // k: as the product reads it, [..., depth, keys]; mask: none when absent
  float scale = 1.0f;           // of all constant factors
  bool nan_is_zero = false;     // Where(IsNaN(p), 0, p) stands behind the softmax
  std::vector<int64_t> perm;    // of a Transpose at the end; empty: none
  Value result;
};

// The region around a Softmax node: MatMul, then Mul or Div by a constant and Add of a mask where they stand between,
// Softmax, IsNaN and Where, MatMul, Transpose that keeps the last axis; and Muls of Q and K by constants.
std::optional<AttentionRegion> find_attention(const plugin::Graph& graph, const Uses& uses, const Node& softmax,
                                              const SessionDesc& session);

std::unique_ptr<Kernel> make_attention(const SessionDesc& session, const Region& region, const Node& softmax,
                                       AttentionRegion found);

}  // namespace tenon::cpu

#endif  // TENON_CPU_ATTENTION_HPP_
