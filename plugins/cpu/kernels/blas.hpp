// SPDX-License-Identifier: Apache-2.0
// OpenBLAS, for products of two activations.
#ifndef TENON_CPU_KERNELS_BLAS_HPP_
#define TENON_CPU_KERNELS_BLAS_HPP_

#include <cstdint>

// c[m, n] = alpha * op(a) * op(b), row-major; lda, ldb, ldc are elements between stored rows. Runs on the calling
// thread alone, and may be called from many at once: OpenBLAS's OpenMP build takes its buffers under a lock, and the
// calling thread's OpenMP count is 1 during the call and put back after it. k == 0 gives zeros. Never throws.
extern "C" void tenon_cpu_sgemm(bool a_transposed, bool b_transposed, int64_t m, int64_t n, int64_t k, float alpha,
                                const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc);

namespace tenon::cpu {

inline void sgemm(bool a_transposed, bool b_transposed, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
                  int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc) {
  tenon_cpu_sgemm(a_transposed, b_transposed, m, n, k, alpha, a, lda, b, ldb, c, ldc);
}

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_BLAS_HPP_
