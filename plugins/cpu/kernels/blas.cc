// SPDX-License-Identifier: Apache-2.0
// A library of its own, shared by the variants: OpenBLAS chooses its kernels by itself, so one copy serves all of them.
#include "kernels/blas.hpp"

#include <cblas.h>
#include <omp.h>

#include <algorithm>

namespace {

// OpenBLAS asks omp_get_max_threads, a setting of the calling thread that belongs to the application.
class OneOmpThread {
 public:
  OneOmpThread() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~OneOmpThread() {
    if (before_ != 1) omp_set_num_threads(before_);
  }
  OneOmpThread(const OneOmpThread&) = delete;
  OneOmpThread& operator=(const OneOmpThread&) = delete;

 private:
  int before_;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) void tenon_cpu_sgemm(bool a_transposed, bool b_transposed, int64_t m,
                                                                       int64_t n, int64_t k, float alpha,
                                                                       const float* a, int64_t lda, const float* b,
                                                                       int64_t ldb, float* c, int64_t ldc) {
  if (k == 0) {
    for (int64_t i = 0; i < m; ++i) std::fill(c + i * ldc, c + i * ldc + n, 0.0f);
    return;
  }
  const OneOmpThread one;
  cblas_sgemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans,
              static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), alpha, a, static_cast<int>(lda), b,
              static_cast<int>(ldb), 0.0f, c, static_cast<int>(ldc));
}
