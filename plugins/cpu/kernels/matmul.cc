// SPDX-License-Identifier: Apache-2.0
#include "kernels/matmul.hpp"

#include "kernels/blas.hpp"

namespace tenon::cpu {
namespace {

constexpr int64_t kRowBlockFloats = 160 * 1024;  // of packed rows: stays in the second-level cache
constexpr int64_t kIndexFlops = 200'000'000;     // a piece of work takes a few milliseconds at most
constexpr int64_t kMinFlops = 500'000;           // and is not split further than this
constexpr int64_t kProductRows = 96;             // rows of one OpenBLAS call, when a product is split

}  // namespace

MatPlan::MatPlan(int64_t m, int64_t k, int64_t n) : m_(m), k_(k), n_(n) {
  const EvenCut cut(m, kRowsMax);
  const int64_t block_panels = std::max<int64_t>(1, kRowBlockFloats / std::max<int64_t>(1, k * kRowsMax));
  row_blocks_ = ceil_div(cut.count, block_panels);
  col_panels_ = ceil_div(n, kCols);
  const int64_t panel_flops = std::max<int64_t>(1, 2 * k * kCols * std::min(m, block_panels * kRowsMax));
  // At least 16 pieces where that leaves them large enough, none longer than the limit.
  col_step_ = std::max<int64_t>(1, row_blocks_ * col_panels_ / 16);
  col_step_ = std::max(col_step_, ceil_div(kMinFlops, panel_flops));
  col_step_ = std::max<int64_t>(1, std::min(col_step_, kIndexFlops / panel_flops));
}

int64_t MatPlan::workspace_floats() const { return m_ * k_; }

void MatPlan::run(const float* x, int64_t row_stride, int64_t col_stride, const float* packed, const MatOut& out,
                  float* workspace, const Parallel& parallel) const {
  if (m_ == 0 || n_ == 0) return;
  const EvenCut cut(m_, kRowsMax);
  const float* rows = workspace;
  if (m_ == 1 && col_stride == 1) {
    rows = x;
  } else {
    const int64_t step = std::max<int64_t>(1, 32 * 1024 / std::max<int64_t>(1, k_ * kRowsMax));
    parallel.ranges(cut.count, step, [&](int64_t first, int64_t last) {
      for (int64_t p = first; p < last; ++p)
        pack_a(x, row_stride, col_stride, cut.start(p), static_cast<int>(cut.size(p)), k_,
               workspace + cut.start(p) * k_);
    });
  }
  const int64_t col_blocks = ceil_div(col_panels_, col_step_);
  parallel(row_blocks_ * col_blocks, [&](int64_t i, uint32_t) {
    const int64_t block = i / col_blocks;
    const int64_t first_col = i % col_blocks * col_step_;
    const int64_t last_col = std::min(col_panels_, first_col + col_step_);
    const int64_t first_row = cut.count * block / row_blocks_;
    const int64_t last_row = cut.count * (block + 1) / row_blocks_;
    TileOut tile;
    tile.ldc = tile.ldr = n_;
    const bool clamp = out.activation.is_clamp();
    if (clamp) {
      tile.low = out.activation.a;
      tile.high = out.activation.b;
    }
    for (int64_t j = first_col; j < last_col; ++j) {
      const int64_t width = panel_width(n_, j);
      const int64_t cols = std::min(width, n_ - j * kCols);
      if (out.bias != nullptr) tile.col_bias = out.bias + j * kCols;
      for (int64_t p = first_row; p < last_row; ++p) {
        const int64_t row = cut.start(p);
        tile.c = out.y + row * n_ + j * kCols;
        if (out.row_bias != nullptr) tile.row_bias = out.row_bias + row;
        if (out.residual != nullptr) tile.residual = out.residual + row * n_ + j * kCols;
        gemm_tile(rows + row * k_, static_cast<int>(cut.size(p)), packed + j * kCols * k_, static_cast<int>(width), k_,
                  static_cast<int>(cols), tile);
      }
    }
    if (clamp || out.activation.is_identity()) return;
    const int64_t first = first_col * kCols;
    const int64_t count = std::min(n_, last_col * kCols) - first;
    for (int64_t p = first_row; p < last_row; ++p) {
      for (int64_t r = cut.start(p); r < cut.start(p) + cut.size(p); ++r) {
        float* y = out.y + r * n_ + first;
        apply(out.activation, y, y, count);
      }
    }
  });
}

void batched_product(const BatchedProduct& p, const float* a, const float* b, float* y, const Parallel& parallel) {
  if (p.m == 0 || p.n == 0) return;
  // How rows are cut depends on the shape alone; each call of OpenBLAS then sees the same problem on any thread.
  const int64_t flops = 2 * p.m * p.n * p.k;
  const int64_t parts = flops * p.batch < 4 * kMinFlops || p.batch >= 16 ? 1 : ceil_div(p.m, kProductRows);
  const int64_t splits = std::max(parts, std::min(p.m, ceil_div(flops, kIndexFlops)));
  const auto one = [&](int64_t i, uint32_t) {
    const int64_t batch = i / splits;
    const int64_t first = p.m * (i % splits) / splits;
    const int64_t last = p.m * (i % splits + 1) / splits;
    const float* from = a + p.a_offsets[batch] + (p.a_transposed ? first : first * p.k);
    sgemm(p.a_transposed, p.b_transposed, last - first, p.n, p.k, p.alpha, from, p.a_transposed ? p.m : p.k,
          b + p.b_offsets[batch], p.b_transposed ? p.k : p.n, y + (batch * p.m + first) * p.n, p.n);
  };
  if (flops * p.batch < kMinFlops) {
    for (int64_t i = 0; i < p.batch * splits; ++i) one(i, 0);
  } else {
    parallel(p.batch * splits, one);
  }
}

}  // namespace tenon::cpu
