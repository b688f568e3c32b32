// SPDX-License-Identifier: Apache-2.0
// Vector forms of the functions that activations need. Polynomials are least-squares fits on Chebyshev points made for
// this file. Maximum errors are over every float in the stated range, measured by kernels/math_test.cc against double
// precision; "ulp" is of the exact result. Every function passes NaN on.
#ifndef TENON_CPU_KERNELS_MATH_HPP_
#define TENON_CPU_KERNELS_MATH_HPP_

#include "kernels/simd.hpp"

namespace tenon::cpu::simd {

template <size_t N>
inline V polynomial(V x, const float (&c)[N]) {
  V acc = set1(c[N - 1]);
  for (size_t i = N - 1; i-- > 0;) acc = fma(acc, x, set1(c[i]));
  return acc;
}

// e^x / 2^offset for -86.6 <= x <= 88.7 (NaN passes).
inline V exp_scaled(V x, int offset) {
  static constexpr float c[] = {1.0f, 1.0f, 0.5f, 0.166664153f, 0.041666217f, 0.00837512873f, 0.00139485812f};
  const V n = round(x * set1(1.44269504f));
  const V r = fma(n, set1(2.12194440e-4f), fma(n, set1(-0.693359375f), x));
  return polynomial(r, c) * bits_to_float(shift_left(addi(to_int(n), set1i(127 - offset)), 23));
}

// e^x for -86.6 <= x <= 87.9 (NaN passes), within 2 ulp.
inline V exp_bounded(V x) { return exp_scaled(x, 0); }

// e^x for x <= 87.9 (NaN passes), within 2 ulp; 0 below -86.6: results under 2^-125 are flushed.
inline V exp_low(V x) { return select(less(x, set1(-86.64339f)), zero(), exp_bounded(max(set1(-86.64339f), x))); }

// e^x, within 2 ulp for -86.6 <= x <= 88.7; 0 below, infinity above.
inline V exp(V x) {
  const V bounded = min(set1(88.72283f), max(set1(-86.64339f), x));
  const V y = exp_scaled(bounded, 1) * set1(2.0f);  // 2^128 alone would not fit
  return select(less(set1(88.72283f), x), set1(__builtin_inff()), select(less(x, set1(-86.64339f)), zero(), y));
}

// 1 / (1 + e^-x), absolute error below 1.2e-7; relative within 5 ulp for x > -86.6, 0 below.
inline V sigmoid(V x) {
  const V bounded = min(set1(86.64339f), max(set1(-86.64339f), x));
  const V y = reciprocal(set1(1.0f) + exp_bounded(flip_sign(bounded)));
  return select(less(x, set1(-86.64339f)), zero(), y);
}

// Hyperbolic tangent, within 4 ulp.
inline V tanh(V x) {
  static constexpr float c[] = {-0.333333343f, 0.133333042f,    -0.0539593846f,
                                0.0217698328f, -0.00834665354f, 0.00229553645f};
  const V a = abs(x);
  const V z = x * x;
  const V small = fma(x * z, polynomial(z, c), x);
  // From 10 on the result is 1 in any case.
  const V large = fma(set1(-2.0f), reciprocal(exp_bounded(min(set1(20.0f), a + a)) + set1(1.0f)), set1(1.0f));
  return select(less(a, set1(0.625f)), small, select(is_nan(x), x, bit_or(large, sign_of(x))));
}

// Error function, absolute error below 2e-7, relative within 4 ulp for |x| < 1.
inline V erf(V x) {
  static constexpr float near[] = {1.1283791f,   -0.37612626f,   0.11283597f,   -0.026854329f,
                                   0.005189312f, -0.0008018855f, 7.8824974e-05f};
  static constexpr float far[] = {2.35814023e-05f, -1.1288651f,     -0.634514451f,   -0.107145302f,
                                  0.0244757086f,   -0.00395812513f, 0.000396456191f, -1.8273131e-05f};
  const V a = abs(x);
  const V small = x * polynomial(x * x, near);
  const V large = set1(1.0f) - exp_bounded(polynomial(min(set1(4.0f), a), far));
  return select(less(a, set1(1.0f)), small, select(is_nan(x), x, bit_or(large, sign_of(x))));
}

// x * Phi(x), the exact form of Gelu; absolute error below 3e-7 * max(1, |x|).
inline V gelu(V x) { return x * set1(0.5f) * (set1(1.0f) + erf(x * set1(0.707106781f))); }

// Gelu's tanh form; absolute error below 4e-7 * max(1, |x|).
inline V gelu_tanh(V x) {
  const V inner = set1(0.797884561f) * x * fma(set1(0.044715f) * x, x, set1(1.0f));
  return x * set1(0.5f) * (set1(1.0f) + tanh(inner));
}

// Natural logarithm, within 3 ulp; -infinity at 0, NaN below it.
inline V log(V x) {
  static constexpr float c[] = {0.333333313f,  -0.249999896f, 0.200007081f,  -0.166684806f, 0.142499372f,
                                -0.124110505f, 0.116615116f,  -0.115712009f, 0.0714975372f};
  // Subnormals are scaled by 2^32 into normal numbers.
  const auto subnormal = less(x, set1(1.17549435e-38f));
  const V bounded = max(set1(1.17549435e-38f), select(subnormal, x * set1(4294967296.0f), x));
  // Exponent of bounded / sqrt(1/2), so that the mantissa m lies in [sqrt(1/2), sqrt(2)).
  const VI bits = addi(float_to_bits(bounded), set1i(0x3f800000 - 0x3f3504f3));
  const V raw = floor(to_float(bits) * set1(1.0f / 8388608.0f)) - set1(127.0f);
  const V m = bits_to_float(addi(float_to_bits(bounded), shift_left(to_int(zero() - raw), 23)));
  const V e = select(subnormal, raw - set1(32.0f), raw);
  const V f = m - set1(1.0f);
  const V z = f * f;
  V y = fma(z * f, polynomial(f, c), fma(e, set1(-2.12194440e-4f), z * set1(-0.5f)));
  y = fma(e, set1(0.693359375f), f + y);
  y = select(less(x, set1(1.401298464e-45f)), set1(-__builtin_inff()), y);
  y = select(less(x, zero()), set1(__builtin_nanf("")), y);
  y = select(less(set1(3.4028234e38f), x), x, y);
  return select(is_nan(x), x, y);
}

}  // namespace tenon::cpu::simd

#endif  // TENON_CPU_KERNELS_MATH_HPP_
