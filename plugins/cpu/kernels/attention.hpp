// SPDX-License-Identifier: Apache-2.0
// softmax(scale * Q * K^T + mask) * V without the matrix of scores ever leaving the cache.
#ifndef TENON_CPU_KERNELS_ATTENTION_HPP_
#define TENON_CPU_KERNELS_ATTENTION_HPP_

#include <cstdint>
#include <vector>

#include "kernels/gemm.hpp"
#include "kernels/parallel.hpp"

namespace tenon::cpu {

// One product for each entry of the offset lists (batches and heads), all in elements from the start of the tensor.
struct AttentionDims {
  int64_t queries = 0, keys = 0, depth = 0, width = 0;
  bool one_query = false, one_key = false;  // Q has one row, K one column, for all queries or keys: the mask has more
  std::vector<int64_t> q, k, v, mask, y;    // mask: empty when there is none
  int64_t y_row = 0;                        // elements between the rows of neighbouring queries
  int64_t mask_row = 0, mask_col = 0;       // strides of the mask along queries and keys
  float scale = 1.0f;
  bool nan_is_zero = false;  // a row of probabilities with a NaN counts as zeros
};

// Immutable; run may be called at once from many threads, each with its own workspace. q rows lie dense [queries,
// depth], k transposed [depth, keys], v [keys, width], y [queries, width] with y_row between rows. Scores,
// probabilities before the division by their sum, and sums are float32; against double precision the result is within
// keys * 2^-23 of the largest |v|.
class AttentionPlan {
 public:
  explicit AttentionPlan(AttentionDims dims);
  int64_t workspace_floats(uint32_t workers) const;
  void run(const float* q, const float* k, const float* v, const float* mask, float* y, float* workspace,
           const Parallel& parallel) const;

 private:
  void panel(int64_t product, int64_t first, const float* q, const float* packed, const float* mask, float* y,
             float* scratch) const;
  void add_mask(const float* mask, int64_t first, int64_t cols, int64_t width, float* scores) const;

  AttentionDims d_;
  int64_t products_;
  int64_t panels_;         // of queries
  int64_t packed_floats_;  // of one product's K and V
  int64_t scratch_;        // floats of a thread
};

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_ATTENTION_HPP_
