// SPDX-License-Identifier: Apache-2.0
// Moving elements without looking at them, by element size: transpose, slice, concatenate, expand, pad, gather.
#ifndef TENON_CPU_KERNELS_MOVE_HPP_
#define TENON_CPU_KERNELS_MOVE_HPP_

#include <cstdint>
#include <span>

#include "kernels/loops.hpp"

namespace tenon::cpu {

// to[nest operand 1] = from[nest operand 0] for elements of `size` bytes (1, 2, 4, 8, 16); strides count elements and may
// be 0 or negative. The nest is for reading and writing in the order of `to`; copy_nest picks a good walk itself.
void copy_strided(int64_t size, const LoopNest<2>& nest, const void* from, void* to, const Parallel& parallel);
LoopNest<2> copy_nest(std::span<const int64_t> dims, std::span<const int64_t> from_strides,
                      std::span<const int64_t> to_strides);

// n elements of `size` bytes, all equal to *value.
void fill(int64_t size, const void* value, void* to, int64_t n, const Parallel& parallel);

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_MOVE_HPP_
