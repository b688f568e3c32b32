// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm.hpp"

#include <array>
#include <utility>

namespace tenon::cpu {
namespace {

using simd::kLanes;
using simd::V;

template <int Rows, int Vectors>
[[gnu::noinline]] void tile(const float* a, const float* b, int64_t k, int cols, const TileOut& out) {
  V acc[Rows][Vectors];
  const int tail = cols - (Vectors - 1) * kLanes;  // columns of the last vector
  V bias[Vectors];
#pragma GCC unroll 4
  for (int v = 0; v < Vectors; ++v) bias[v] = simd::zero();
  if (out.col_bias != nullptr) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      bias[v] = simd::load_first(out.col_bias + v * kLanes, v == Vectors - 1 ? tail : kLanes);
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    const V row = out.row_bias != nullptr ? simd::set1(out.row_bias[r]) : simd::zero();
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) acc[r][v] = row + bias[v];
  }
  for (int64_t i = 0; i < k; ++i) {
    V col[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) col[v] = simd::load(b + v * kLanes);
    __builtin_prefetch(b + Vectors * kLanes * 12);
    if constexpr (Vectors * kLanes > 16) __builtin_prefetch(b + Vectors * kLanes * 12 + 16);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const V x = simd::set1(a[r]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) acc[r][v] = simd::fma(x, col[v], acc[r][v]);
    }
    a += Rows;
    b += Vectors * kLanes;
  }
  const V low = simd::set1(out.low);
  const V high = simd::set1(out.high);
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      V y = acc[r][v];
      float* c = out.c + r * out.ldc + v * kLanes;
      const int n = v == Vectors - 1 ? tail : kLanes;
      if (out.residual != nullptr) {
        const float* residual = out.residual + r * out.ldr + v * kLanes;
        y = y + (n == kLanes ? simd::load(residual) : simd::load_first(residual, n));
      }
      y = simd::min(high, simd::max(low, y));
      if (n == kLanes) {
        simd::store(c, y);
      } else {
        simd::store_first(c, y, n);
      }
    }
  }
}

// Weights are read where they lie in a model file, which may be at any byte.
float read(const float* from) {
  float x;
  std::memcpy(&x, from, sizeof(x));
  return x;
}

// Rows of `out` are columns of the 4 by 4 block at `from`, which may lie at any byte.
void load_turned(const float* from, int64_t stride, __m128 (&out)[4]) {
  for (int i = 0; i < 4; ++i) out[i] = _mm_loadu_ps(from + i * stride);
  _MM_TRANSPOSE4_PS(out[0], out[1], out[2], out[3]);
}

// to[c * to_stride + r] = from[r * from_stride + c].
void copy_turned(const float* from, int64_t from_stride, float* to, int64_t to_stride, int64_t rows, int64_t cols) {
  const int64_t whole_rows = rows / 4 * 4;
  const int64_t whole_cols = cols / 4 * 4;
  for (int64_t r = 0; r < whole_rows; r += 4) {
    for (int64_t c = 0; c < whole_cols; c += 4) {
      __m128 block[4];
      load_turned(from + r * from_stride + c, from_stride, block);
      for (int i = 0; i < 4; ++i) _mm_storeu_ps(to + (c + i) * to_stride + r, block[i]);
    }
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = r < whole_rows ? whole_cols : 0; c < cols; ++c)
      to[c * to_stride + r] = read(from + r * from_stride + c);
}

using TileFn = void (*)(const float*, const float*, int64_t, int, const TileOut&);

template <int Vectors, size_t... R>
constexpr std::array<TileFn, sizeof...(R)> tiles(std::index_sequence<R...>) {
  return {&tile<static_cast<int>(R) + 1, Vectors>...};
}
constexpr auto kNarrow = tiles<1>(std::make_index_sequence<kRowsMax>());
constexpr auto kWide = tiles<2>(std::make_index_sequence<kRowsMax>());

}  // namespace

void gemm_tile(const float* a, int rows, const float* b, int width, int64_t k, int cols, const TileOut& out) {
  const size_t i = static_cast<size_t>(rows - 1);
  (width == kCols ? kWide[i] : kNarrow[i])(a, b, k, cols, out);
}

void gemm_tile_transposed(const float* a, int rows, const float* b, int width, int64_t k, int cols,
                          const TileOut& out) {
  float local[kRowsMax * kCols];
  TileOut plain;
  plain.c = local;
  plain.ldc = kCols;
  plain.row_bias = out.row_bias;
  plain.col_bias = out.col_bias;
  gemm_tile(a, rows, b, width, k, cols, plain);
  const __m128 low = _mm_set1_ps(out.low);
  const __m128 high = _mm_set1_ps(out.high);
  const int whole_rows = rows / 4 * 4;
  const int whole_cols = cols / 4 * 4;
  for (int c = 0; c < whole_cols; c += 4) {
    for (int r = 0; r < whole_rows; r += 4) {
      __m128 block[4];
      load_turned(local + r * kCols + c, kCols, block);
      for (int i = 0; i < 4; ++i) {
        if (out.residual != nullptr)
          block[i] = _mm_add_ps(block[i], _mm_loadu_ps(out.residual + (c + i) * out.ldr + r));
        _mm_storeu_ps(out.c + (c + i) * out.ldc + r, _mm_min_ps(high, _mm_max_ps(low, block[i])));
      }
    }
  }
  for (int c = 0; c < cols; ++c) {
    for (int r = c < whole_cols ? whole_rows : 0; r < rows; ++r) {
      float y = local[r * kCols + c];
      if (out.residual != nullptr) y += out.residual[c * out.ldr + r];
      y = y < out.low ? out.low : y;
      out.c[c * out.ldc + r] = y > out.high ? out.high : y;
    }
  }
}

void pack_b(const float* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n, int64_t first, int64_t last,
            float* packed) {
  for (int64_t j = first; j < last; ++j) {
    const int64_t width = panel_width(n, j);
    const int64_t cols = std::min(width, n - j * kCols);
    float* to = packed + j * kCols * k;
    const float* from = b + j * kCols * col_stride;
    if (col_stride == 1) {
      for (int64_t i = 0; i < k; ++i, from += row_stride, to += width) {
        std::memcpy(to, from, static_cast<size_t>(cols) * sizeof(float));
        for (int64_t c = cols; c < width; ++c) to[c] = 0.0f;
      }
    } else {
      // Blocks of k keep the lines of every column in the cache until they are used up.
      for (int64_t i = 0; i < k; i += 64)
        copy_turned(from + i, col_stride, to + i * width, width, cols, std::min<int64_t>(64, k - i));
      for (int64_t i = 0; i < k; ++i)
        for (int64_t c = cols; c < width; ++c) to[i * width + c] = 0.0f;
    }
  }
}

void pack_a(const float* a, int64_t row_stride, int64_t col_stride, int64_t row, int rows, int64_t k, float* panel) {
  const float* from = a + row * row_stride;
  if (row_stride == 1) {
    for (int64_t i = 0; i < k; ++i, from += col_stride, panel += rows)
      std::memcpy(panel, from, static_cast<size_t>(rows) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < k; i += 64)
    copy_turned(from + i, row_stride, panel + i * rows, rows, rows, std::min<int64_t>(64, k - i));
}

}  // namespace tenon::cpu
