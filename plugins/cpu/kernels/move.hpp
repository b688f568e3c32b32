// SPDX-License-Identifier: Apache-2.0
// Moving elements without looking at them, by element size: transpose, slice, concatenate, expand, pad, gather.
#ifndef TENON_CPU_KERNELS_MOVE_HPP_
#define TENON_CPU_KERNELS_MOVE_HPP_

#include <cstdint>
#include <span>

#include "kernels/loops.hpp"

namespace tenon::cpu {

// to[i] = from[i] over `dims`, with strides in elements that may be 0 or negative. How it is walked is decided once,
// here.
struct CopyPlan {
  LoopNest<2> nest;           // operands: from, to
  int transposing_axis = -1;  // of nest: along which `from` is contiguous, when that is not the last; else -1
  LoopNest<2> matrices;       // the axes that are left when that one and the last are taken away; one matrix a row
};
CopyPlan copy_plan(std::span<const int64_t> dims, std::span<const int64_t> from_strides,
                   std::span<const int64_t> to_strides);
// Elements of `size` bytes: 1, 2, 4, 8 or 16. Allocates nothing.
void copy_strided(int64_t size, const CopyPlan& plan, const void* from, void* to, const Parallel& parallel);

// n elements of `size` bytes, all equal to *value.
void fill(int64_t size, const void* value, void* to, int64_t n, const Parallel& parallel);

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_MOVE_HPP_
