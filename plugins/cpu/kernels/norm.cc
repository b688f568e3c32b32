// SPDX-License-Identifier: Apache-2.0
#include "kernels/norm.hpp"

#include <cmath>

#include "kernels/loops.hpp"
#include "kernels/math.hpp"

namespace tenon::cpu {
namespace {

using simd::kLanes;
using simd::V;

// Sum over i < n of f(x[i]); lanes past n add f's value times nothing.
template <class F>
float row_sum(const float* x, int64_t n, F f) {
  V acc = simd::zero();
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) acc = acc + f(simd::load(x + i));
  float total = simd::sum(acc);
  if (i < n) {
    float lanes[kLanes];
    simd::store(lanes, f(simd::load_first(x + i, static_cast<int>(n - i))));
    for (int64_t t = 0; t < n - i; ++t) total += lanes[t];
  }
  return total;
}

// y[i] = f(x[i], i) for i < n; f gets the index and the number of lanes in use.
template <class F>
void row_map(const float* x, float* y, int64_t n, F f) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) simd::store(y + i, f(simd::load(x + i), i, kLanes));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    simd::store_first(y + i, f(simd::load_first(x + i, rest), i, rest), rest);
  }
}

float row_max(const float* x, int64_t n) {
  V best = simd::set1(-__builtin_inff());
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) best = simd::max_nan(best, simd::load(x + i));
  float out = simd::max_lane(best);
  for (; i < n; ++i)
    if (x[i] > out || x[i] != x[i]) out = x[i];
  return out;
}

void softmax_row(const float* x, float* y, int64_t n, bool logarithm) {
  const V most = simd::set1(row_max(x, n));
  row_map(x, y, n, [&](V v, int64_t, int) {
    const V shifted = v - most;
    return logarithm ? shifted : simd::exp_low(shifted);
  });
  if (logarithm) {
    const V shift = simd::set1(std::log(row_sum(y, n, [](V v) { return simd::exp_low(v); })));
    return row_map(y, y, n, [&](V v, int64_t, int) { return v - shift; });
  }
  const V factor = simd::set1(1.0f / row_sum(y, n, [](V v) { return v; }));
  row_map(y, y, n, [&](V v, int64_t, int) { return v * factor; });
}

// Softmax down the axis for up to kLanes neighbouring columns.
void softmax_columns(const float* x, float* y, int64_t axis, int64_t stride, int cols, bool logarithm) {
  V most = simd::set1(-__builtin_inff());
  for (int64_t a = 0; a < axis; ++a) most = simd::max_nan(most, simd::load_first(x + a * stride, cols));
  V total = simd::zero();
  for (int64_t a = 0; a < axis; ++a) {
    const V shifted = simd::load_first(x + a * stride, cols) - most;
    const V e = simd::exp_low(shifted);
    total = total + e;
    simd::store_first(y + a * stride, logarithm ? shifted : e, cols);
  }
  const V factor = logarithm ? simd::log(total) : simd::set1(1.0f) / total;
  for (int64_t a = 0; a < axis; ++a) {
    const V v = simd::load_first(y + a * stride, cols);
    simd::store_first(y + a * stride, logarithm ? v - factor : v * factor, cols);
  }
}

void layer_norm_row(const LayerNorm& p, const float* x, float* y, int64_t row) {
  const int64_t n = p.width;
  if (p.residual != nullptr) {
    const float* add = p.residual + row * n;
    float* sum = p.sum != nullptr ? p.sum + row * n : y;
    row_map(x, sum, n, [&](V v, int64_t i, int lanes) { return v + simd::load_first(add + i, lanes); });
    x = sum;
  }
  const float mean = row_sum(x, n, [](V v) { return v; }) / static_cast<float>(n);
  const V center = simd::set1(mean);
  const float variance = row_sum(x, n, [&](V v) { return (v - center) * (v - center); }) / static_cast<float>(n);
  const float inv = 1.0f / std::sqrt(variance + p.epsilon);
  const V factor = simd::set1(inv);
  const auto load = [](const float* from, int lanes) {
    return lanes == kLanes ? simd::load(from) : simd::load_first(from, lanes);
  };
  row_map(x, y, n, [&](V v, int64_t i, int lanes) {
    const V scaled = (v - center) * factor * load(p.scale + i, lanes);
    return p.bias == nullptr ? scaled : scaled + load(p.bias + i, lanes);
  });
  if (p.mean != nullptr) p.mean[row] = mean;
  if (p.inv_std != nullptr) p.inv_std[row] = inv;
}

}  // namespace

void softmax(const float* x, float* y, int64_t outer, int64_t axis, int64_t inner, bool logarithm,
             const Parallel& parallel) {
  if (outer == 0 || axis == 0 || inner == 0) return;
  if (inner == 1) {
    const auto rows = [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r) softmax_row(x + r * axis, y + r * axis, axis, logarithm);
    };
    const int64_t step = std::max<int64_t>(1, kGrain / 2 / axis);
    return outer <= step ? rows(0, outer) : parallel.ranges(outer, step, rows);
  }
  const int64_t strips = (inner + kLanes - 1) / kLanes;
  const int64_t step = std::max<int64_t>(1, kGrain / 2 / (axis * kLanes));
  parallel.ranges(outer * strips, step, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t col = i % strips * kLanes;
      const int64_t at = i / strips * axis * inner + col;
      softmax_columns(x + at, y + at, axis, inner, static_cast<int>(std::min<int64_t>(kLanes, inner - col)), logarithm);
    }
  });
}

void layer_norm(const LayerNorm& p, const float* x, float* y, const Parallel& parallel) {
  const auto rows = [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) layer_norm_row(p, x + r * p.width, y + r * p.width, r);
  };
  const int64_t step = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, p.width));
  if (p.rows <= step) return rows(0, p.rows);
  parallel.ranges(p.rows, step, rows);
}

void scale_shift(const float* x, float* y, int64_t n, int64_t channels, int64_t inner, const float* scale,
                 const float* shift, const Parallel& parallel) {
  const int64_t step = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, inner));
  parallel.ranges(n * channels, step, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const V a = simd::set1(scale[i % channels]);
      const V b = simd::set1(shift[i % channels]);
      row_map(x + i * inner, y + i * inner, inner, [&](V v, int64_t, int) { return simd::fma(v, a, b); });
    }
  });
}

void local_response_norm(const float* x, float* y, int64_t n, int64_t channels, int64_t inner, int64_t size,
                         float alpha, float beta, float bias, const Parallel& parallel) {
  const float factor = alpha / static_cast<float>(size);
  parallel(n * channels, [&](int64_t i, uint32_t) {
    const int64_t c = i % channels;
    const float* image = x + (i - c) * inner;
    const int64_t first = std::max<int64_t>(0, c - (size - 1) / 2);
    const int64_t last = std::min(channels - 1, c + size / 2);
    row_map(image + c * inner, y + i * inner, inner, [&](V v, int64_t at, int lanes) {
      V sum = simd::zero();
      for (int64_t k = first; k <= last; ++k) {
        const V w = simd::load_first(image + k * inner + at, lanes);
        sum = simd::fma(w, w, sum);
      }
      const V base = simd::fma(sum, simd::set1(factor), simd::set1(bias));
      return v * simd::exp(simd::log(base) * simd::set1(-beta));
    });
  });
}

}  // namespace tenon::cpu
