// SPDX-License-Identifier: Apache-2.0
// Two operands, element by element, with broadcasting.
#ifndef TENON_CPU_KERNELS_BINARY_HPP_
#define TENON_CPU_KERNELS_BINARY_HPP_

#include <cstdint>

#include "kernels/loops.hpp"

namespace tenon::cpu {

enum class BinaryOp : uint8_t { kAdd, kSub, kMul, kDiv, kPow, kMax, kMin, kPrelu };
enum class CompareOp : uint8_t { kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };
enum class LogicOp : uint8_t { kAnd, kOr, kXor };

// y = x0 op x1. Operands of the nest: x0, x1, y. Max and Min give NaN when either side is. Pow is the C library's, but
// exponents 2, 3, 1/2 and -1 are products, roots and quotients. y may be x0 or x1 where that one is not broadcast.
void binary(BinaryOp op, const LoopNest<3>& nest, const float* x0, const float* x1, float* y, const Parallel& parallel);
// Integers wrap; division by zero gives 0 (the operator reports it before); kPow with a negative exponent gives what
// truncation of the real power gives. T is int32_t or int64_t.
template <class T>
void binary(BinaryOp op, const LoopNest<3>& nest, const T* x0, const T* x1, T* y, const Parallel& parallel);

// T: float, int32_t, int64_t, bool (uint8_t).
template <class T>
void compare(CompareOp op, const LoopNest<3>& nest, const T* x0, const T* x1, uint8_t* y, const Parallel& parallel);
void logic(LogicOp op, const LoopNest<3>& nest, const uint8_t* x0, const uint8_t* x1, uint8_t* y,
           const Parallel& parallel);

// y = condition ? x0 : x1 for elements of `size` bytes (1, 2, 4, 8, 16). Operands: condition, x0, x1, y.
void where(int64_t size, const LoopNest<4>& nest, const uint8_t* condition, const void* x0, const void* x1, void* y,
           const Parallel& parallel);

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_BINARY_HPP_
