// SPDX-License-Identifier: Apache-2.0
// Softmax, layer normalization and what else works on whole rows.
#ifndef TENON_CPU_KERNELS_NORM_HPP_
#define TENON_CPU_KERNELS_NORM_HPP_

#include <cstdint>

#include "kernels/parallel.hpp"

namespace tenon::cpu {

// y = softmax (or its logarithm) of x [outer, axis, inner] along the middle axis; x == y is allowed. Within 4 ulp plus
// axis * 2^-24 of the exact value relative to it.
void softmax(const float* x, float* y, int64_t outer, int64_t axis, int64_t inner, bool logarithm,
             const Parallel& parallel);

struct LayerNorm {
  int64_t rows = 0, width = 0;
  float epsilon = 0.0f;
  const float* scale = nullptr;     // [width]
  const float* bias = nullptr;      // [width] or NULL
  const float* residual = nullptr;  // [rows, width], added to x first; or NULL
  float* sum = nullptr;             // [rows, width], receives x + residual; or NULL
  float* mean = nullptr;            // [rows] or NULL
  float* inv_std = nullptr;         // [rows] or NULL
};
// y = (x - mean) / sqrt(var + epsilon) * scale + bias over each row of `width`. Sums are of vectors of lanes, each lane
// in order; the variance is of the differences from the mean. x == y is allowed.
void layer_norm(const LayerNorm& p, const float* x, float* y, const Parallel& parallel);

// y = x * scale[c] + shift[c] for x [n, channels, inner]; x == y is allowed.
void scale_shift(const float* x, float* y, int64_t n, int64_t channels, int64_t inner, const float* scale,
                 const float* shift, const Parallel& parallel);

// y = x / (bias + alpha / size * sum of squares over `size` neighbouring channels)^beta, x [n, channels, inner].
void local_response_norm(const float* x, float* y, int64_t n, int64_t channels, int64_t inner, int64_t size,
                         float alpha, float beta, float bias, const Parallel& parallel);

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_NORM_HPP_
