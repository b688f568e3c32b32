// SPDX-License-Identifier: Apache-2.0
// Scores are kept transposed, [keys][a panel of queries]: that is the packed form of the second product's right side,
// and the softmax runs down its columns, a vector of queries at a time.
#include "kernels/attention.hpp"

#include <algorithm>

#include "kernels/math.hpp"

namespace tenon::cpu {
namespace {

using simd::kLanes;
using simd::V;

// e^(s - max) down each column in place; inverse[c] becomes 1 / sum, or 0 where the sum is NaN and that counts as zero.
void softmax_panel(float* scores, int64_t keys, int64_t width, bool nan_is_zero, float* inverse) {
  for (int64_t c = 0; c < width; c += kLanes) {
    V most = simd::set1(-__builtin_inff());
    for (int64_t k = 0; k < keys; ++k) most = simd::max_nan(most, simd::load(scores + k * width + c));
    V sum = simd::zero();
    for (int64_t k = 0; k < keys; ++k) {
      const V e = simd::exp_low(simd::load(scores + k * width + c) - most);
      simd::store(scores + k * width + c, e);
      sum = sum + e;
    }
    const V inv = simd::set1(1.0f) / sum;
    simd::store(inverse + c, nan_is_zero ? simd::select(simd::is_nan(sum), simd::zero(), inv) : inv);
  }
}

}  // namespace

AttentionPlan::AttentionPlan(AttentionDims dims) : d_(std::move(dims)) {
  products_ = static_cast<int64_t>(d_.q.size());
  panels_ = ceil_div(d_.queries, kCols);
  packed_floats_ = round_up(d_.keys * (d_.depth + d_.width), 16);
  scratch_ = round_up(kCols * (d_.depth + d_.keys + d_.width + 1), 16);
}

int64_t AttentionPlan::workspace_floats(uint32_t workers) const {
  return products_ * packed_floats_ + static_cast<int64_t>(workers) * scratch_;
}

void AttentionPlan::add_mask(const float* mask, int64_t first, int64_t cols, int64_t width, float* scores) const {
  for (int64_t k = 0; k < d_.keys; ++k) {
    float* row = scores + k * width;
    const float* from = mask + first * d_.mask_row + k * d_.mask_col;
    if (d_.mask_row == 0) {
      const V m = simd::set1(*from);
      for (int64_t c = 0; c < width; c += kLanes) simd::store(row + c, simd::load(row + c) + m);
    } else {
      for (int64_t c = 0; c < cols; ++c) row[c] += from[c * d_.mask_row];
    }
  }
}

void AttentionPlan::panel(int64_t product, int64_t first, const float* q, const float* packed, const float* mask,
                          float* y, float* scratch) const {
  const int64_t cols = std::min<int64_t>(kCols, d_.queries - first);
  const int64_t width = packed_columns(cols);
  float* queries = scratch;                    // [depth][width]
  float* scores = queries + kCols * d_.depth;  // [keys][width]
  float* inverse = scores + kCols * d_.keys;   // [width]
  float* result = inverse + kCols;             // [width values][width]
  const int64_t q_row = d_.one_query ? 0 : d_.depth;
  pack_b(q + d_.q[static_cast<size_t>(product)] + first * q_row, 1, q_row, d_.depth, cols, 0, 1, queries);
  if (d_.scale != 1.0f)
    for (int64_t i = 0; i < d_.depth * width; ++i) queries[i] *= d_.scale;
  const EvenCut key_cut(d_.keys, kRowsMax);
  TileOut tile;
  tile.ldc = width;
  for (int64_t p = 0; p < key_cut.count; ++p) {
    tile.c = scores + key_cut.start(p) * width;
    gemm_tile(packed + key_cut.start(p) * d_.depth, static_cast<int>(key_cut.size(p)), queries, static_cast<int>(width),
              d_.depth, static_cast<int>(width), tile);
  }
  if (mask != nullptr) add_mask(mask + d_.mask[static_cast<size_t>(product)], first, cols, width, scores);
  softmax_panel(scores, d_.keys, width, d_.nan_is_zero, inverse);
  const EvenCut width_cut(d_.width, kRowsMax);
  const float* values = packed + d_.keys * d_.depth;
  for (int64_t p = 0; p < width_cut.count; ++p) {
    tile.c = result + width_cut.start(p) * width;
    gemm_tile(values + width_cut.start(p) * d_.keys, static_cast<int>(width_cut.size(p)), scores,
              static_cast<int>(width), d_.keys, static_cast<int>(width), tile);
  }
  float* to = y + d_.y[static_cast<size_t>(product)] + first * d_.y_row;
  for (int64_t c = 0; c < cols; ++c, to += d_.y_row) {
    const float factor = inverse[c];
    const bool zero = d_.nan_is_zero && factor == 0.0f;  // the sums themselves are NaN then
    for (int64_t i = 0; i < d_.width; ++i) to[i] = zero ? 0.0f : result[i * width + c] * factor;
  }
}

void AttentionPlan::run(const float* q, const float* k, const float* v, const float* mask, float* y, float* workspace,
                        const Parallel& parallel) const {
  float* scratch = workspace + products_ * packed_floats_;
  parallel(products_, [&](int64_t i, uint32_t) {
    float* packed = workspace + i * packed_floats_;
    const EvenCut key_cut(d_.keys, kRowsMax);
    for (int64_t p = 0; p < key_cut.count; ++p)
      pack_a(k + d_.k[static_cast<size_t>(i)], d_.one_key ? 0 : 1, d_.one_key ? 1 : d_.keys, key_cut.start(p),
             static_cast<int>(key_cut.size(p)), d_.depth, packed + key_cut.start(p) * d_.depth);
    const EvenCut width_cut(d_.width, kRowsMax);
    float* values = packed + d_.keys * d_.depth;
    for (int64_t p = 0; p < width_cut.count; ++p)
      pack_a(v + d_.v[static_cast<size_t>(i)], 1, d_.width, width_cut.start(p), static_cast<int>(width_cut.size(p)),
             d_.keys, values + width_cut.start(p) * d_.keys);
  });
  parallel(products_ * panels_, [&](int64_t i, uint32_t worker) {
    panel(i / panels_, i % panels_ * kCols, q, workspace + i / panels_ * packed_floats_, mask, y,
          scratch + static_cast<int64_t>(worker) * scratch_);
  });
}

}  // namespace tenon::cpu
