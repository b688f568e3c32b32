// SPDX-License-Identifier: Apache-2.0
#include "kernels/binary.hpp"

#include <cmath>
#include <type_traits>

#include "kernels/simd.hpp"

namespace tenon::cpu {
namespace {

using simd::kLanes;
using simd::V;

// One stretch; a stride is 0 (repeated) or 1.
template <class F>
void stretch(const float* x0, int64_t s0, const float* x1, int64_t s1, float* y, int64_t n, F f) {
  const auto run = [&](auto left, auto right) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) simd::store(y + i, f(left(i), right(i)));
    if (i < n) {
      // The last lanes through a copy: loads past the end would leave the tensors.
      const int rest = static_cast<int>(n - i);
      const V a = s0 == 0 ? simd::set1(*x0) : simd::load_first(x0 + i, rest);
      const V b = s1 == 0 ? simd::set1(*x1) : simd::load_first(x1 + i, rest);
      simd::store_first(y + i, f(a, b), rest);
    }
  };
  if (s0 == 1 && s1 == 1) {
    run([&](int64_t i) { return simd::load(x0 + i); }, [&](int64_t i) { return simd::load(x1 + i); });
  } else if (s0 == 1) {
    const V b = simd::set1(*x1);
    run([&](int64_t i) { return simd::load(x0 + i); }, [&](int64_t) { return b; });
  } else if (s1 == 1) {
    const V a = simd::set1(*x0);
    run([&](int64_t) { return a; }, [&](int64_t i) { return simd::load(x1 + i); });
  } else {
    const V a = simd::set1(*x0);
    const V b = simd::set1(*x1);
    run([&](int64_t) { return a; }, [&](int64_t) { return b; });
  }
}

template <class F>
void vector_loop(const LoopNest<3>& nest, const float* x0, const float* x1, float* y, const Parallel& parallel, F f) {
  nest.for_stretches(kGrain, parallel, [&](const std::array<int64_t, 3>& at, int64_t n) {
    stretch(x0 + at[0], nest.inner_stride(0), x1 + at[1], nest.inner_stride(1), y + at[2], n, f);
  });
}

template <class T, class R, class F>
void scalar_loop(const LoopNest<3>& nest, const T* x0, const T* x1, R* y, const Parallel& parallel, F f) {
  const int64_t s0 = nest.inner_stride(0);
  const int64_t s1 = nest.inner_stride(1);
  nest.for_stretches(kGrain, parallel, [&](const std::array<int64_t, 3>& at, int64_t n) {
    const T* a = x0 + at[0];
    const T* b = x1 + at[1];
    R* to = y + at[2];
    // Strides are 0 or 1; constants let the compiler use vectors.
    if (s0 == 1 && s1 == 1) {
      for (int64_t i = 0; i < n; ++i) to[i] = f(a[i], b[i]);
    } else if (s1 == 0) {
      const T right = *b;
      for (int64_t i = 0; i < n; ++i) to[i] = f(a[i * s0], right);
    } else {
      const T left = *a;
      for (int64_t i = 0; i < n; ++i) to[i] = f(left, b[i]);
    }
  });
}

void power(const LoopNest<3>& nest, const float* x0, const float* x1, float* y, const Parallel& parallel) {
  const int64_t s1 = nest.inner_stride(1);
  nest.for_stretches(kGrain / 8, parallel, [&](const std::array<int64_t, 3>& at, int64_t n) {
    const float* a = x0 + at[0];
    const float* b = x1 + at[1];
    float* to = y + at[2];
    const int64_t s0 = nest.inner_stride(0);
    if (s1 == 0 && (*b == 2.0f || *b == 3.0f || *b == 0.5f || *b == -1.0f)) {
      const float e = *b;
      if (e == 2.0f) return stretch(a, s0, b, s1, to, n, [](V x, V) { return x * x; });
      if (e == 3.0f) return stretch(a, s0, b, s1, to, n, [](V x, V) { return x * x * x; });
      if (e == -1.0f) return stretch(a, s0, b, s1, to, n, [](V x, V) { return simd::set1(1.0f) / x; });
      // pow(-0, 1/2) is +0 and pow(-infinity, 1/2) is infinity; a square root differs in both.
      return stretch(a, s0, b, s1, to, n, [](V x, V) {
        const V root = simd::sqrt(x + simd::zero());
        return simd::select(simd::less(x, simd::set1(-3.4028234e38f)), simd::set1(__builtin_inff()), root);
      });
    }
    for (int64_t i = 0; i < n; ++i) to[i] = std::pow(a[i * s0], b[i * s1]);
  });
}

template <class T>
T integer_power(T base, T exponent) {
  if (exponent < 0) return static_cast<T>(base == 1 ? 1 : base == -1 ? (exponent % 2 != 0 ? -1 : 1) : 0);
  using U = std::make_unsigned_t<T>;
  U result = 1;
  U factor = static_cast<U>(base);
  for (U e = static_cast<U>(exponent); e != 0; e >>= 1, factor *= factor)
    if ((e & 1u) != 0) result *= factor;
  return static_cast<T>(result);
}

}  // namespace

void binary(BinaryOp op, const LoopNest<3>& nest, const float* x0, const float* x1, float* y,
            const Parallel& parallel) {
  switch (op) {
    case BinaryOp::kAdd:
      return vector_loop(nest, x0, x1, y, parallel, [](V a, V b) { return a + b; });
    case BinaryOp::kSub:
      return vector_loop(nest, x0, x1, y, parallel, [](V a, V b) { return a - b; });
    case BinaryOp::kMul:
      return vector_loop(nest, x0, x1, y, parallel, [](V a, V b) { return a * b; });
    case BinaryOp::kDiv:
      return vector_loop(nest, x0, x1, y, parallel, [](V a, V b) { return a / b; });
    case BinaryOp::kMax:
      return vector_loop(nest, x0, x1, y, parallel, [](V a, V b) { return simd::max_nan(a, b); });
    case BinaryOp::kMin:
      return vector_loop(nest, x0, x1, y, parallel, [](V a, V b) { return simd::min_nan(a, b); });
    case BinaryOp::kPrelu:
      return vector_loop(nest, x0, x1, y, parallel,
                         [](V a, V b) { return simd::select(simd::less(a, simd::zero()), a * b, a); });
    case BinaryOp::kPow:
      return power(nest, x0, x1, y, parallel);
  }
}

template <class T>
void binary(BinaryOp op, const LoopNest<3>& nest, const T* x0, const T* x1, T* y, const Parallel& parallel) {
  using U = std::make_unsigned_t<T>;
  switch (op) {
    case BinaryOp::kAdd:
      return scalar_loop(nest, x0, x1, y, parallel,
                         [](T a, T b) { return static_cast<T>(static_cast<U>(a) + static_cast<U>(b)); });
    case BinaryOp::kSub:
      return scalar_loop(nest, x0, x1, y, parallel,
                         [](T a, T b) { return static_cast<T>(static_cast<U>(a) - static_cast<U>(b)); });
    case BinaryOp::kMul:
      return scalar_loop(nest, x0, x1, y, parallel,
                         [](T a, T b) { return static_cast<T>(static_cast<U>(a) * static_cast<U>(b)); });
    case BinaryOp::kDiv:
      return scalar_loop(nest, x0, x1, y, parallel, [](T a, T b) {
        if (b == 0) return T{0};
        return b == -1 ? static_cast<T>(U{0} - static_cast<U>(a)) : static_cast<T>(a / b);
      });
    case BinaryOp::kMax:
      return scalar_loop(nest, x0, x1, y, parallel, [](T a, T b) { return std::max(a, b); });
    case BinaryOp::kMin:
      return scalar_loop(nest, x0, x1, y, parallel, [](T a, T b) { return std::min(a, b); });
    case BinaryOp::kPow:
      return scalar_loop(nest, x0, x1, y, parallel, integer_power<T>);
    case BinaryOp::kPrelu:
      return scalar_loop(nest, x0, x1, y, parallel,
                         [](T a, T b) { return a < 0 ? static_cast<T>(static_cast<U>(a) * static_cast<U>(b)) : a; });
  }
}
template void binary(BinaryOp, const LoopNest<3>&, const int32_t*, const int32_t*, int32_t*, const Parallel&);
template void binary(BinaryOp, const LoopNest<3>&, const int64_t*, const int64_t*, int64_t*, const Parallel&);

template <class T>
void compare(CompareOp op, const LoopNest<3>& nest, const T* x0, const T* x1, uint8_t* y, const Parallel& parallel) {
  switch (op) {
    case CompareOp::kEqual:
      return scalar_loop(nest, x0, x1, y, parallel, [](T a, T b) { return static_cast<uint8_t>(a == b); });
    case CompareOp::kLess:
      return scalar_loop(nest, x0, x1, y, parallel, [](T a, T b) { return static_cast<uint8_t>(a < b); });
    case CompareOp::kLessOrEqual:
      return scalar_loop(nest, x0, x1, y, parallel, [](T a, T b) { return static_cast<uint8_t>(a <= b); });
    case CompareOp::kGreater:
      return scalar_loop(nest, x0, x1, y, parallel, [](T a, T b) { return static_cast<uint8_t>(a > b); });
    case CompareOp::kGreaterOrEqual:
      return scalar_loop(nest, x0, x1, y, parallel, [](T a, T b) { return static_cast<uint8_t>(a >= b); });
  }
}
template void compare(CompareOp, const LoopNest<3>&, const float*, const float*, uint8_t*, const Parallel&);
template void compare(CompareOp, const LoopNest<3>&, const int32_t*, const int32_t*, uint8_t*, const Parallel&);
template void compare(CompareOp, const LoopNest<3>&, const int64_t*, const int64_t*, uint8_t*, const Parallel&);
template void compare(CompareOp, const LoopNest<3>&, const uint8_t*, const uint8_t*, uint8_t*, const Parallel&);

void logic(LogicOp op, const LoopNest<3>& nest, const uint8_t* x0, const uint8_t* x1, uint8_t* y,
           const Parallel& parallel) {
  scalar_loop(nest, x0, x1, y, parallel, [op](uint8_t a, uint8_t b) {
    const bool p = a != 0;
    const bool q = b != 0;
    return static_cast<uint8_t>(op == LogicOp::kAnd ? p && q : op == LogicOp::kOr ? p || q : p != q);
  });
}

namespace {

struct Bytes16 {
  uint64_t low, high;
};

template <class T>
void where_of(const LoopNest<4>& nest, const uint8_t* condition, const void* x0, const void* x1, void* y,
              const Parallel& parallel) {
  const int64_t sc = nest.inner_stride(0);
  const int64_t s0 = nest.inner_stride(1);
  const int64_t s1 = nest.inner_stride(2);
  nest.for_stretches(kGrain, parallel, [&](const std::array<int64_t, 4>& at, int64_t n) {
    const uint8_t* c = condition + at[0];
    const T* a = static_cast<const T*>(x0) + at[1];
    const T* b = static_cast<const T*>(x1) + at[2];
    T* to = static_cast<T*>(y) + at[3];
    for (int64_t i = 0; i < n; ++i) to[i] = c[i * sc] != 0 ? a[i * s0] : b[i * s1];
  });
}

}  // namespace

void where(int64_t size, const LoopNest<4>& nest, const uint8_t* condition, const void* x0, const void* x1, void* y,
           const Parallel& parallel) {
  switch (size) {
    case 1:
      return where_of<uint8_t>(nest, condition, x0, x1, y, parallel);
    case 2:
      return where_of<uint16_t>(nest, condition, x0, x1, y, parallel);
    case 4:
      return where_of<uint32_t>(nest, condition, x0, x1, y, parallel);
    case 8:
      return where_of<uint64_t>(nest, condition, x0, x1, y, parallel);
    default:
      return where_of<Bytes16>(nest, condition, x0, x1, y, parallel);
  }
}

}  // namespace tenon::cpu
