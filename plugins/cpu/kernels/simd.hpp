// SPDX-License-Identifier: Apache-2.0
// One vector of floats, as wide as the instruction set that this file is compiled for: 16 lanes with AVX-512, 8 with
// AVX2 and FMA, 4 with SSE2. Each provider variant compiles the same kernels against this file with its own flags, so
// nothing here may be called across variants (every library hides its symbols).
//
// min and max follow the hardware: when either operand is NaN the SECOND one is returned. Kernels that must pass NaN on
// put the data second: max(bound, x).
#ifndef TENON_CPU_KERNELS_SIMD_HPP_
#define TENON_CPU_KERNELS_SIMD_HPP_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tenon::cpu::simd {

#if defined(__AVX512F__)
inline constexpr int kLanes = 16;
inline constexpr const char* kIsa = "avx512";
using V = __m512;
using VI = __m512i;
using Mask = __mmask16;
inline V load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, V v) { _mm512_storeu_ps(p, v); }
inline V set1(float x) { return _mm512_set1_ps(x); }
inline V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
inline V max(V a, V b) { return _mm512_max_ps(a, b); }
inline V min(V a, V b) { return _mm512_min_ps(a, b); }
inline V sqrt(V a) { return _mm512_sqrt_ps(a); }
inline V round(V a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline V floor(V a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
inline VI to_int(V a) { return _mm512_cvtps_epi32(a); }
inline V to_float(VI a) { return _mm512_cvtepi32_ps(a); }
inline V bits_to_float(VI a) { return _mm512_castsi512_ps(a); }
inline VI float_to_bits(V a) { return _mm512_castps_si512(a); }
inline VI set1i(int32_t x) { return _mm512_set1_epi32(x); }
inline VI addi(VI a, VI b) { return _mm512_add_epi32(a, b); }
inline VI shift_left(VI a, int n) { return _mm512_slli_epi32(a, static_cast<unsigned>(n)); }
inline V bit_and(V a, V b) { return bits_to_float(_mm512_and_si512(float_to_bits(a), float_to_bits(b))); }
inline V bit_or(V a, V b) { return bits_to_float(_mm512_or_si512(float_to_bits(a), float_to_bits(b))); }
inline Mask less(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
inline Mask is_nan(V a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
inline V select(Mask m, V yes, V no) { return _mm512_mask_blend_ps(m, no, yes); }
inline Mask first_lanes(int n) { return static_cast<Mask>((1u << n) - 1u); }
inline V load_first(const float* p, int n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
inline void store_first(float* p, V v, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
#elif defined(__AVX2__) && defined(__FMA__)
inline constexpr int kLanes = 8;
inline constexpr const char* kIsa = "avx2";
using V = __m256;
using VI = __m256i;
using Mask = __m256;
inline V load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, V v) { _mm256_storeu_ps(p, v); }
inline V set1(float x) { return _mm256_set1_ps(x); }
inline V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
inline V max(V a, V b) { return _mm256_max_ps(a, b); }
inline V min(V a, V b) { return _mm256_min_ps(a, b); }
inline V sqrt(V a) { return _mm256_sqrt_ps(a); }
inline V round(V a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline V floor(V a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
inline VI to_int(V a) { return _mm256_cvtps_epi32(a); }
inline V to_float(VI a) { return _mm256_cvtepi32_ps(a); }
inline V bits_to_float(VI a) { return _mm256_castsi256_ps(a); }
inline VI float_to_bits(V a) { return _mm256_castps_si256(a); }
inline VI set1i(int32_t x) { return _mm256_set1_epi32(x); }
inline VI addi(VI a, VI b) { return _mm256_add_epi32(a, b); }
inline VI shift_left(VI a, int n) { return _mm256_slli_epi32(a, n); }
inline V bit_and(V a, V b) { return _mm256_and_ps(a, b); }
inline V bit_or(V a, V b) { return _mm256_or_ps(a, b); }
inline Mask less(V a, V b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
inline Mask is_nan(V a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
inline V select(Mask m, V yes, V no) { return _mm256_blendv_ps(no, yes, m); }
inline VI lanes_below(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline V load_first(const float* p, int n) { return _mm256_maskload_ps(p, lanes_below(n)); }
inline void store_first(float* p, V v, int n) { _mm256_maskstore_ps(p, lanes_below(n), v); }
#else
inline constexpr int kLanes = 4;
inline constexpr const char* kIsa = "baseline";
using V = __m128;
using VI = __m128i;
using Mask = __m128;
inline V load(const float* p) { return _mm_loadu_ps(p); }
inline void store(float* p, V v) { _mm_storeu_ps(p, v); }
inline V set1(float x) { return _mm_set1_ps(x); }
inline V fma(V a, V b, V c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }
inline V max(V a, V b) { return _mm_max_ps(a, b); }
inline V min(V a, V b) { return _mm_min_ps(a, b); }
inline V sqrt(V a) { return _mm_sqrt_ps(a); }
inline VI to_int(V a) { return _mm_cvtps_epi32(a); }
inline V to_float(VI a) { return _mm_cvtepi32_ps(a); }
inline V bits_to_float(VI a) { return _mm_castsi128_ps(a); }
inline VI float_to_bits(V a) { return _mm_castps_si128(a); }
inline VI set1i(int32_t x) { return _mm_set1_epi32(x); }
inline VI addi(VI a, VI b) { return _mm_add_epi32(a, b); }
inline VI shift_left(VI a, int n) { return _mm_slli_epi32(a, n); }
inline V bit_and(V a, V b) { return _mm_and_ps(a, b); }
inline V bit_or(V a, V b) { return _mm_or_ps(a, b); }
inline Mask less(V a, V b) { return _mm_cmplt_ps(a, b); }
inline Mask is_nan(V a) { return _mm_cmpunord_ps(a, a); }
inline V select(Mask m, V yes, V no) { return _mm_or_ps(_mm_and_ps(m, yes), _mm_andnot_ps(m, no)); }
// SSE2 has no rounding instruction: exact for |a| < 2^31, which is all that its callers pass (they clamp first).
inline V round(V a) { return to_float(to_int(a)); }
inline V floor(V a) {
  const V r = round(a);
  return _mm_sub_ps(r, _mm_and_ps(_mm_cmpgt_ps(r, a), set1(1.0f)));
}
inline V load_first(const float* p, int n) {
  float lanes[4] = {0, 0, 0, 0};
  std::memcpy(lanes, p, static_cast<size_t>(n) * sizeof(float));
  return load(lanes);
}
inline void store_first(float* p, V v, int n) {
  float lanes[4];
  store(lanes, v);
  std::memcpy(p, lanes, static_cast<size_t>(n) * sizeof(float));
}
#endif

inline V zero() { return set1(0.0f); }
inline V abs(V a) { return bit_and(a, bits_to_float(set1i(0x7fffffff))); }
inline V bit_xor(V a, V b) {
#if defined(__AVX512F__)
  return bits_to_float(_mm512_xor_si512(float_to_bits(a), float_to_bits(b)));
#elif defined(__AVX2__) && defined(__FMA__)
  return _mm256_xor_ps(a, b);
#else
  return _mm_xor_ps(a, b);
#endif
}
inline V flip_sign(V a) { return bit_xor(a, bits_to_float(set1i(INT32_MIN))); }
inline V sign_of(V a) { return bit_and(a, bits_to_float(set1i(INT32_MIN))); }

// Copies n floats; nothing beyond them is touched.
inline void copy(float* to, const float* from, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(to + i, load(from + i));
  if (i < n) store_first(to + i, load_first(from + i, static_cast<int>(n - i)), static_cast<int>(n - i));
}
inline void fill(float* to, float value, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(to + i, set1(value));
  if (i < n) store_first(to + i, set1(value), static_cast<int>(n - i));
}

// Splits 2 * kLanes floats a, b into those at even and at odd places.
inline void deinterleave(V a, V b, V& even, V& odd) {
#if defined(__AVX512F__)
  const VI e = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  even = _mm512_permutex2var_ps(a, e, b);
  odd = _mm512_permutex2var_ps(a, _mm512_add_epi32(e, _mm512_set1_epi32(1)), b);
#elif defined(__AVX2__) && defined(__FMA__)
  const V x = _mm256_shuffle_ps(a, b, 0x88);  // a0 a2 b0 b2 | a4 a6 b4 b6
  const V y = _mm256_shuffle_ps(a, b, 0xdd);
  even = _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(x), 0xd8));
  odd = _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(y), 0xd8));
#else
  even = _mm_shuffle_ps(a, b, 0x88);
  odd = _mm_shuffle_ps(a, b, 0xdd);
#endif
}

// 1 / a for 2^-100 < |a| < 2^100, within 2 ulp.
inline V reciprocal(V a) {
#if defined(__AVX512F__)
  const V r = _mm512_rcp14_ps(a);
  return fma(r, fma(flip_sign(a), r, set1(1.0f)), r);
#else
  return set1(1.0f) / a;
#endif
}

// Sum of all lanes, by halves: the same order on every call.
inline float sum(V v) {
  float lanes[kLanes];
  store(lanes, v);
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  return lanes[0];
}

// Largest lane; NaN when any lane is NaN.
inline float max_lane(V v) {
  float lanes[kLanes];
  store(lanes, v);
  float best = lanes[0];
  for (int i = 1; i < kLanes; ++i)
    if (lanes[i] > best || lanes[i] != lanes[i]) best = lanes[i] != lanes[i] || best == best ? lanes[i] : best;
  return best;
}

// Larger of both, NaN when either is.
inline V max_nan(V a, V b) { return select(is_nan(a), a, max(a, b)); }
inline V min_nan(V a, V b) { return select(is_nan(a), a, min(a, b)); }

}  // namespace tenon::cpu::simd

#endif  // TENON_CPU_KERNELS_SIMD_HPP_
