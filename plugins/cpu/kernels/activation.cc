// SPDX-License-Identifier: Apache-2.0
#include "kernels/activation.hpp"

#include <cmath>

#include "kernels/math.hpp"

namespace tenon::cpu {
namespace {

using simd::V;

template <class F>
void map(const float* x, float* y, int64_t n, F f) {
  int64_t i = 0;
  for (; i + simd::kLanes <= n; i += simd::kLanes) simd::store(y + i, f(simd::load(x + i)));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    simd::store_first(y + i, f(simd::load_first(x + i, rest)), rest);
  }
}

V softplus(V x) {
  // log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), which never overflows.
  return simd::max(simd::zero(), x) + simd::log(simd::set1(1.0f) + simd::exp(simd::zero() - simd::abs(x)));
}

V floor_any(V x) {
  // Floats of 2^23 and more are whole already, and SSE2's rounding stops at 2^31.
  const V y = simd::floor(x);
  return simd::select(simd::less(simd::abs(x), simd::set1(8388608.0f)), simd::bit_or(y, simd::sign_of(x)), x);
}

template <class F>
void map_each(const float* x, float* y, int64_t n, F f) {
  for (int64_t i = 0; i < n; ++i) y[i] = f(x[i]);
}

}  // namespace

std::string_view name_of(Function function) {
  static constexpr std::string_view names[] = {
      "identity",   "clamp",        "sigmoid",    "tanh",  "exp",        "log", "erf",      "gelu",
      "gelu_tanh",  "hard_sigmoid", "hard_swish", "swish", "leaky_relu", "elu", "softplus", "sqrt",
      "reciprocal", "neg",          "abs",        "floor", "ceil",       "sin", "cos"};
  return names[static_cast<size_t>(function)];
}

void apply(const Activation& f, const float* x, float* y, int64_t n) {
  const V a = simd::set1(f.a);
  const V b = simd::set1(f.b);
  const V one = simd::set1(1.0f);
  const V zero = simd::zero();
  switch (f.function) {
    case Function::kIdentity:
      if (x != y) std::memcpy(y, x, static_cast<size_t>(n) * sizeof(float));
      return;
    case Function::kClamp:
      return map(x, y, n, [&](V v) { return simd::min(b, simd::max(a, v)); });
    case Function::kSigmoid:
      return map(x, y, n, [](V v) { return simd::sigmoid(v); });
    case Function::kTanh:
      return map(x, y, n, [](V v) { return simd::tanh(v); });
    case Function::kExp:
      return map(x, y, n, [](V v) { return simd::exp(v); });
    case Function::kLog:
      return map(x, y, n, [](V v) { return simd::log(v); });
    case Function::kErf:
      return map(x, y, n, [](V v) { return simd::erf(v); });
    case Function::kGelu:
      return map(x, y, n, [](V v) { return simd::gelu(v); });
    case Function::kGeluTanh:
      return map(x, y, n, [](V v) { return simd::gelu_tanh(v); });
    case Function::kHardSigmoid:
      return map(x, y, n, [&](V v) { return simd::max(zero, simd::min(one, simd::fma(a, v, b))); });
    case Function::kHardSwish:
      return map(x, y, n, [&](V v) {
        const V gate = simd::max(zero, simd::min(one, simd::fma(v, simd::set1(1.0f / 6.0f), simd::set1(0.5f))));
        return v * gate;
      });
    case Function::kSwish:
      return map(x, y, n, [&](V v) { return v * simd::sigmoid(a * v); });
    case Function::kLeakyRelu:
      return map(x, y, n, [&](V v) { return simd::select(simd::less(v, zero), a * v, v); });
    case Function::kElu:
      return map(x, y, n, [&](V v) { return simd::select(simd::less(v, zero), a * (simd::exp(v) - one), v); });
    case Function::kSoftplus:
      return map(x, y, n, softplus);
    case Function::kSqrt:
      return map(x, y, n, [](V v) { return simd::sqrt(v); });
    case Function::kReciprocal:
      return map(x, y, n, [&](V v) { return one / v; });
    case Function::kNeg:
      return map(x, y, n, [](V v) { return simd::flip_sign(v); });
    case Function::kAbs:
      return map(x, y, n, [](V v) { return simd::abs(v); });
    case Function::kFloor:
      return map(x, y, n, floor_any);
    case Function::kCeil:
      return map(x, y, n, [](V v) { return simd::flip_sign(floor_any(simd::flip_sign(v))); });
    case Function::kSin:
      return map_each(x, y, n, [](float v) { return std::sin(v); });
    case Function::kCos:
      return map_each(x, y, n, [](float v) { return std::cos(v); });
  }
}

}  // namespace tenon::cpu
