// SPDX-License-Identifier: Apache-2.0
// Nested loops over tensors that are walked with different strides: broadcasting and data movement.
#ifndef TENON_CPU_KERNELS_LOOPS_HPP_
#define TENON_CPU_KERNELS_LOOPS_HPP_

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/parallel.hpp"

namespace tenon::cpu {

// A loop nest over `dims` in which operand o moves by strides[o][axis] elements. Axes that can be one are joined, axes
// of size 1 are dropped; the last axis is the innermost. rank() >= 1 after finish().
template <int Operands>
struct LoopNest {
  std::vector<int64_t> dims;
  std::array<std::vector<int64_t>, Operands> strides;

  int rank() const { return static_cast<int>(dims.size()); }
  void push(int64_t dim, const std::array<int64_t, Operands>& stride) {
    if (dim == 1) return;
    bool joins = !dims.empty();
    for (int o = 0; joins && o < Operands; ++o) joins = strides[o].back() == stride[o] * dim;
    if (joins) {
      dims.back() *= dim;
      for (int o = 0; o < Operands; ++o) strides[o].back() = stride[o];
      return;
    }
    dims.push_back(dim);
    for (int o = 0; o < Operands; ++o) strides[o].push_back(stride[o]);
  }
  void finish() {
    if (!dims.empty()) return;
    dims.push_back(1);
    for (auto& s : strides) s.push_back(1);
  }
  int64_t inner() const { return dims.back(); }
  int64_t inner_stride(int o) const { return strides[o].back(); }
  int64_t rows() const {
    int64_t n = 1;
    for (size_t i = 0; i + 1 < dims.size(); ++i) n *= dims[i];
    return n;
  }
  // Where row `row` of each operand begins.
  std::array<int64_t, Operands> offsets(int64_t row) const {
    std::array<int64_t, Operands> at{};
    for (int i = rank() - 2; i >= 0; --i) {
      const int64_t x = row % dims[static_cast<size_t>(i)];
      row /= dims[static_cast<size_t>(i)];
      for (int o = 0; o < Operands; ++o) at[o] += x * strides[o][static_cast<size_t>(i)];
    }
    return at;
  }
  // Calls body(offsets, n) for stretches of the innermost axis that together cover everything, in pieces of about
  // `grain` elements. body must not depend on how stretches are cut.
  template <class Body>
  void for_stretches(int64_t grain, const Parallel& parallel, Body&& body) const {
    const int64_t row_count = rows();
    const int64_t length = inner();
    if (row_count == 0 || length == 0) return;
    if (row_count * length <= grain) {
      for (int64_t r = 0; r < row_count; ++r) body(offsets(r), length);
      return;
    }
    if (length >= 2 * grain) {
      const int64_t cuts = (length + grain - 1) / grain;
      parallel(row_count * cuts, [&](int64_t i, uint32_t) {
        auto at = offsets(i / cuts);
        const int64_t first = i % cuts * grain;
        for (int o = 0; o < Operands; ++o) at[o] += first * inner_stride(o);
        body(at, std::min(grain, length - first));
      });
      return;
    }
    const int64_t step = std::max<int64_t>(1, grain / length);
    parallel.ranges(row_count, step, [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r) body(offsets(r), length);
    });
  }
};

// Strides, in elements, of a dense tensor of `dims`.
inline std::vector<int64_t> dense_strides(std::span<const int64_t> dims) {
  std::vector<int64_t> out(dims.size());
  uint64_t s = 1;  // may wrap beside an axis of size 0, where no stride is ever used
  for (size_t i = dims.size(); i-- > 0;) {
    out[i] = static_cast<int64_t>(s);
    s *= static_cast<uint64_t>(dims[i]);
  }
  return out;
}

// Strides with which a dense tensor of `dims` is read as one of `out_dims` (numpy broadcasting; 0 on repeated axes).
inline std::vector<int64_t> broadcast_strides(std::span<const int64_t> dims, std::span<const int64_t> out_dims) {
  std::vector<int64_t> out(out_dims.size(), 0);
  const std::vector<int64_t> own = dense_strides(dims);
  const size_t lead = out_dims.size() - dims.size();
  for (size_t i = 0; i < dims.size(); ++i) out[lead + i] = dims[i] == 1 ? 0 : own[i];
  return out;
}

// Element-wise work over dense operands of `dims`, the last of which is the output and has `out_dims`.
template <int Operands>
LoopNest<Operands> broadcast_loops(const std::array<std::span<const int64_t>, Operands - 1>& inputs,
                                   std::span<const int64_t> out_dims) {
  std::array<std::vector<int64_t>, Operands> strides;
  for (int o = 0; o + 1 < Operands; ++o) strides[o] = broadcast_strides(inputs[o], out_dims);
  strides[Operands - 1] = dense_strides(out_dims);
  LoopNest<Operands> out;
  for (size_t i = 0; i < out_dims.size(); ++i) {
    std::array<int64_t, Operands> s{};
    for (int o = 0; o < Operands; ++o) s[o] = strides[o][i];
    out.push(out_dims[i], s);
  }
  out.finish();
  return out;
}

// Where each matrix of `matrix` elements begins when a stack of them of `dims` is read as one of `batch`.
inline std::vector<int64_t> batch_offsets(std::span<const int64_t> dims, std::span<const int64_t> batch,
                                          int64_t matrix) {
  const auto nest = broadcast_loops<2>({dims}, batch);
  std::vector<int64_t> out;
  for (int64_t r = 0; r < nest.rows(); ++r)
    for (int64_t i = 0; i < nest.inner(); ++i) out.push_back((nest.offsets(r)[0] + i * nest.inner_stride(0)) * matrix);
  return out;
}

inline constexpr int64_t kGrain = 16 * 1024;  // elements of one piece of cheap work

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_LOOPS_HPP_
