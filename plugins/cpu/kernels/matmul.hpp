// SPDX-License-Identifier: Apache-2.0
// y[m, n] = x[m, k] * w[k, n] (+ bias, residual, activation): MatMul and Gemm.
#ifndef TENON_CPU_KERNELS_MATMUL_HPP_
#define TENON_CPU_KERNELS_MATMUL_HPP_

#include <cstdint>

#include "kernels/activation.hpp"
#include "kernels/gemm.hpp"
#include "kernels/parallel.hpp"

namespace tenon::cpu {

// What happens to the product on its way out, in this order. NULL: left out.
struct MatOut {
  float* y = nullptr;               // [m, n], dense
  const float* bias = nullptr;      // [n]
  const float* row_bias = nullptr;  // [m]
  const float* residual = nullptr;  // [m, n], dense
  Activation activation;
};

// A product with packed weights (pack_b of gemm.hpp). Immutable; run may be called at once from many threads.
class MatPlan {
 public:
  MatPlan(int64_t m, int64_t k, int64_t n);
  int64_t workspace_floats() const;
  // x: element (m, k) at x[m * row_stride + k * col_stride]; one of both is 1.
  void run(const float* x, int64_t row_stride, int64_t col_stride, const float* packed, const MatOut& out,
           float* workspace, const Parallel& parallel) const;

 private:
  int64_t m_, k_, n_;
  int64_t row_blocks_;  // parts of the rows: their packed panels stay in the second-level cache
  int64_t col_panels_;  // panels of w
  int64_t col_step_;    // of them in one piece of work
};

// y[batch] = alpha * a[batch] * b[batch] for products of activations, by OpenBLAS on the calling threads only. a, b:
// dense matrices, `transposed` ones stored [k, m] and [n, k]. offsets: of each product, in elements.
struct BatchedProduct {
  int64_t m = 1, k = 1, n = 1;
  bool a_transposed = false, b_transposed = false;
  float alpha = 1.0f;
  int64_t batch = 1;
  const int64_t* a_offsets = nullptr;
  const int64_t* b_offsets = nullptr;
};
void batched_product(const BatchedProduct& p, const float* a, const float* b, float* y, const Parallel& parallel);

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_MATMUL_HPP_
