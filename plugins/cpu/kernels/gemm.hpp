// SPDX-License-Identifier: Apache-2.0
// Matrix product from packed panels: the one inner kernel of MatMul, Gemm, LSTM, GRU and convolution.
//
// C[M, N] = A[M, K] * B[K, N], then bias, residual, clamp.
//   A is packed in row panels of 1 to kRowsMax rows, cut as evenly as possible: panel p holds [K][rows of p].
//   B is packed in column panels of kCols columns; the last one is kCols or kLanes wide and padded with zeros:
//   panel j holds [K][width of j] and starts at j * kCols * K.
// Each element of C is one chain of multiply-adds over k in order, started from the bias: the same bits wherever the
// cut between calls lies.
#ifndef TENON_CPU_KERNELS_GEMM_HPP_
#define TENON_CPU_KERNELS_GEMM_HPP_

#include <algorithm>
#include <cstdint>

#include "kernels/simd.hpp"

namespace tenon::cpu {

#if defined(__AVX512F__)
inline constexpr int kRowsMax = 14;
#else
inline constexpr int kRowsMax = 6;
#endif
inline constexpr int kCols = 2 * simd::kLanes;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// n items cut into as few parts of at most `most` as possible, sizes differing by at most one, larger ones first.
struct EvenCut {
  int64_t n = 0;
  int64_t count = 0;
  EvenCut(int64_t n_, int64_t most) : n(n_), count(ceil_div(n_, most)) {}
  int64_t size(int64_t i) const { return n / count + (i < n % count ? 1 : 0); }
  int64_t start(int64_t i) const { return i * (n / count) + std::min(i, n % count); }
};

// Columns in memory of packed B: whole panels of kCols, the last one kLanes wide when that is enough.
inline int64_t packed_columns(int64_t n) { return round_up(n, simd::kLanes); }
inline int64_t packed_b_floats(int64_t k, int64_t n) { return k * packed_columns(n); }
inline int64_t panel_width(int64_t n, int64_t j) { return std::min<int64_t>(kCols, packed_columns(n) - j * kCols); }

// What is done to the product on its way to memory. Pointers are those of the tile's first row and column.
struct TileOut {
  float* c = nullptr;
  int64_t ldc = 0;                  // elements between rows
  const float* row_bias = nullptr;  // one a row, or NULL
  const float* col_bias = nullptr;  // one a column, or NULL
  const float* residual = nullptr;  // added after the bias, before the clamp; or NULL
  int64_t ldr = 0;
  float low = -__builtin_inff();  // clamp: max(low, .) then min(high, .); NaN passes
  float high = __builtin_inff();
};

// One tile: `rows` rows of a packed A panel times one packed B panel of `width` columns, of which the first `cols` are
// written. 1 <= rows <= kRowsMax; width is kLanes or kCols; width - kLanes < cols <= width.
void gemm_tile(const float* a, int rows, const float* b, int width, int64_t k, int cols, const TileOut& out);

// C^T instead of C: column c of the tile becomes row c of out (so row_bias stays with the rows of the product, and
// out.c, out.residual are indexed [col][row]). col_bias as above.
void gemm_tile_transposed(const float* a, int rows, const float* b, int width, int64_t k, int cols, const TileOut& out);

// Packs B. b: element (k, n) at b[k * row_stride + n * col_stride], at any byte; one of the strides is 1. Writes the
// panels [first, last) of ceil(n / kCols).
void pack_b(const float* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n, int64_t first, int64_t last,
            float* packed);
// Packs rows [row, row + rows) of A into one panel [K][rows]. a: element (m, k) at a[m * row_stride + k * col_stride],
// at any byte; one of the strides is 1.
void pack_a(const float* a, int64_t row_stride, int64_t col_stride, int64_t row, int rows, int64_t k, float* panel);

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_GEMM_HPP_
