// SPDX-License-Identifier: Apache-2.0
#include "kernels/conv.hpp"

namespace tenon::cpu {
namespace {

constexpr int64_t kBlockFloats = 48 * 1024;   // packed pixels of one block: stays in the second-level cache
constexpr int64_t kIndices = 16;              // pieces of work wanted, so that a few threads end together
constexpr int64_t kIndexFlops = 200'000'000;  // upper bound of a piece: a few milliseconds

// A run of output pixels in one output row: panel columns [col, col + len).
struct Segment {
  int64_t oy, ox, col, len;
};

// Where a segment's pixels come from for one kernel tap.
struct Source {
  int64_t offset;  // of the first valid pixel in the plane
  int64_t col;     // its panel column
  int64_t len;     // valid pixels
};

int64_t split_segments(const ConvDims& d, int64_t first, int64_t valid, Segment* out) {
  int64_t count = 0;
  for (int64_t col = 0; col < valid;) {
    const int64_t p = first + col;
    const int64_t ox = p % d.ow;
    const int64_t len = std::min(valid - col, d.ow - ox);
    out[count++] = {p / d.ow, ox, col, len};
    col += len;
  }
  return count;
}

// Sources of tap (i, j); returns how many columns they fill together.
int64_t find_sources(const ConvDims& d, const Segment* segments, int64_t nsegments, int64_t i, int64_t j, Source* out,
                     int64_t* count) {
  int64_t filled = 0;
  *count = 0;
  for (int64_t s = 0; s < nsegments; ++s) {
    const Segment& g = segments[s];
    const int64_t iy = g.oy * d.sh + i * d.dh - d.pad_top;
    if (iy < 0 || iy >= d.ih) continue;
    const int64_t ix = g.ox * d.sw + j * d.dw - d.pad_left;
    const int64_t t0 = ix < 0 ? ceil_div(-ix, d.sw) : 0;
    const int64_t t1 = ix >= d.iw ? 0 : std::min(g.len, ceil_div(d.iw - ix, d.sw));
    if (t0 >= t1) continue;
    out[(*count)++] = {iy * d.iw + ix + t0 * d.sw, g.col + t0, t1 - t0};
    filled += t1 - t0;
  }
  return filled;
}

void gather(const float* from, int64_t stride, float* to, int64_t n) {
  if (stride == 1) return simd::copy(to, from, n);
  int64_t t = 0;
  if (stride == 2) {  // a vector short of the end: the last pair may not be there
    for (; t + simd::kLanes < n; t += simd::kLanes) {
      simd::V even;
      simd::V odd;
      simd::deinterleave(simd::load(from + 2 * t), simd::load(from + 2 * t + simd::kLanes), even, odd);
      simd::store(to + t, even);
    }
  }
  for (; t < n; ++t) to[t] = from[t * stride];
}

}  // namespace

void pack_pixels(const ConvDims& d, const float* x, int64_t first, int64_t valid, int64_t width, float* panel) {
  const int64_t plane = d.ih * d.iw;
  if (d.is_pointwise()) {
    for (int64_t c = 0; c < d.icg; ++c, x += plane, panel += width) {
      simd::copy(panel, x + first, valid);
      simd::fill(panel + valid, 0.0f, width - valid);
    }
    return;
  }
  Segment segments[kCols];
  Source sources[kCols];
  const int64_t nsegments = split_segments(d, first, valid, segments);
  const int64_t taps = d.kh * d.kw;
  for (int64_t i = 0; i < d.kh; ++i) {
    for (int64_t j = 0; j < d.kw; ++j) {
      int64_t nsources = 0;
      const bool full = find_sources(d, segments, nsegments, i, j, sources, &nsources) == width;
      float* to = panel + (i * d.kw + j) * width;
      const float* from = x;
      for (int64_t c = 0; c < d.icg; ++c, from += plane, to += taps * width) {
        if (!full) simd::fill(to, 0.0f, width);
        for (int64_t s = 0; s < nsources; ++s)
          gather(from + sources[s].offset, d.sw, to + sources[s].col, sources[s].len);
      }
    }
  }
}

ConvPacking choose_packing(int64_t ocg, int64_t k, int64_t pixels) {
  if (pixels <= 0 || pixels > 1024) return ConvPacking::kRows;
  const double rows = static_cast<double>(pixels) / static_cast<double>(packed_columns(pixels));
  // Writing the transposed tile costs about as much as 20 steps of k.
  const double cols = static_cast<double>(ocg) / static_cast<double>(packed_columns(ocg)) * static_cast<double>(k) /
                      static_cast<double>(k + 20);
  return cols > rows ? ConvPacking::kCols : ConvPacking::kRows;
}

int64_t packed_weight_floats(ConvPacking packing, int64_t groups, int64_t ocg, int64_t k) {
  return groups * (packing == ConvPacking::kRows ? ocg * k : packed_b_floats(k, ocg));
}

void pack_weights(ConvPacking packing, int64_t groups, int64_t ocg, int64_t k, const float* w, float* packed) {
  const int64_t group_floats = packed_weight_floats(packing, 1, ocg, k);
  for (int64_t g = 0; g < groups; ++g, w += ocg * k, packed += group_floats) {
    if (packing == ConvPacking::kCols) {
      pack_b(w, 1, k, k, ocg, 0, ceil_div(ocg, kCols), packed);
      continue;
    }
    const EvenCut cut(ocg, kRowsMax);
    for (int64_t p = 0; p < cut.count; ++p)
      pack_a(w, k, 1, cut.start(p), static_cast<int>(cut.size(p)), k, packed + cut.start(p) * k);
  }
}

ConvPlan::ConvPlan(const ConvDims& dims, ConvPacking packing) : d_(dims), packing_(packing) {
  const int64_t images = d_.n * d_.groups;
  panels_ = ceil_div(d_.pixels(), kCols);
  block_panels_ = std::max<int64_t>(1, kBlockFloats / (d_.k() * kCols));
  block_panels_ = std::min(block_panels_, std::max<int64_t>(1, panels_ * images / kIndices));
  blocks_ = ceil_div(panels_, block_panels_);
  const int64_t indices = images * blocks_;
  const int64_t flops = 2 * d_.ocg * d_.k() * block_panels_ * kCols;
  const int64_t row_panels = EvenCut(d_.ocg, kRowsMax).count;
  chunks_ = std::min(row_panels, std::max(ceil_div(kIndices, indices), ceil_div(flops, kIndexFlops)));
  shared_panels_ = indices < kIndices;
}

int64_t ConvPlan::workspace_floats(uint32_t workers) const {
  const int64_t images = d_.n * d_.groups;
  if (packing_ == ConvPacking::kCols) return images * d_.k() * d_.pixels();
  if (shared_panels_) return images * d_.k() * panels_ * kCols;
  return static_cast<int64_t>(workers) * d_.k() * block_panels_ * kCols;
}

void ConvPlan::run(const float* x, const float* packed_weights, const ConvOut& out, float* workspace,
                   const Parallel& parallel) const {
  if (packing_ == ConvPacking::kRows) {
    run_rows(x, packed_weights, out, workspace, parallel);
  } else {
    run_cols(x, packed_weights, out, workspace, parallel);
  }
}

void ConvPlan::pack_block(const float* x, int64_t image_group, int64_t block, float* panels) const {
  x += image_group * d_.icg * d_.ih * d_.iw;
  const int64_t last = std::min(panels_, (block + 1) * block_panels_);
  for (int64_t j = block * block_panels_; j < last; ++j) {
    const int64_t width = panel_width(d_.pixels(), j);
    const int64_t first = j * kCols;
    pack_pixels(d_, x, first, std::min(width, d_.pixels() - first), width, panels);
    panels += width * d_.k();
  }
}

void ConvPlan::rows_block(const float* panels, const float* w, const ConvOut& out, int64_t image_group, int64_t block,
                          int64_t chunk) const {
  const int64_t k = d_.k();
  const int64_t pixels = d_.pixels();
  const int64_t group = image_group % d_.groups;
  const EvenCut cut(d_.ocg, kRowsMax);
  const int64_t first_panel = block * block_panels_;
  const int64_t last_panel = std::min(panels_, first_panel + block_panels_);
  TileOut tile;
  tile.ldc = tile.ldr = pixels;
  if (out.activation.is_clamp()) {
    tile.low = out.activation.a;
    tile.high = out.activation.b;
  }
  w += group * d_.ocg * k;
  for (int64_t p = cut.count * chunk / chunks_; p < cut.count * (chunk + 1) / chunks_; ++p) {
    const int64_t row = image_group * d_.ocg + cut.start(p);
    const int rows = static_cast<int>(cut.size(p));
    if (out.bias != nullptr) tile.row_bias = out.bias + group * d_.ocg + cut.start(p);
    const float* panel = panels;
    for (int64_t j = first_panel; j < last_panel; ++j) {
      const int64_t width = panel_width(pixels, j);
      const int64_t at = row * pixels + j * kCols;
      tile.c = out.y + at;
      if (out.residual != nullptr) tile.residual = out.residual + at;
      gemm_tile(w + cut.start(p) * k, rows, panel, static_cast<int>(width), k,
                static_cast<int>(std::min(width, pixels - j * kCols)), tile);
      panel += width * k;
    }
    if (!out.activation.is_clamp() && !out.activation.is_identity()) {
      const int64_t first = first_panel * kCols;
      const int64_t count = std::min(pixels, last_panel * kCols) - first;
      for (int64_t r = row; r < row + rows; ++r) {
        float* y = out.y + r * pixels + first;
        apply(out.activation, y, y, count);
      }
    }
  }
}

void ConvPlan::run_rows(const float* x, const float* w, const ConvOut& out, float* workspace,
                        const Parallel& parallel) const {
  const int64_t images = d_.n * d_.groups;
  const int64_t block_floats = d_.k() * block_panels_ * kCols;
  if (shared_panels_) {
    parallel(images * blocks_, [&](int64_t i, uint32_t) {
      pack_block(x, i / blocks_, i % blocks_,
                 workspace + (i / blocks_ * panels_ * kCols * d_.k()) + i % blocks_ * block_floats);
    });
  }
  parallel(images * blocks_ * chunks_, [&](int64_t i, uint32_t worker) {
    const int64_t chunk = i % chunks_;
    const int64_t block = i / chunks_ % blocks_;
    const int64_t image_group = i / chunks_ / blocks_;
    float* panels = workspace + static_cast<int64_t>(worker) * block_floats;
    if (shared_panels_) {
      panels = workspace + image_group * panels_ * kCols * d_.k() + block * block_floats;
    } else {
      pack_block(x, image_group, block, panels);
    }
    rows_block(panels, w, out, image_group, block, chunk);
  });
}

void ConvPlan::run_cols(const float* x, const float* w, const ConvOut& out, float* workspace,
                        const Parallel& parallel) const {
  const int64_t k = d_.k();
  const int64_t pixels = d_.pixels();
  const int64_t images = d_.n * d_.groups;
  const EvenCut cut(pixels, kRowsMax);
  parallel(images * cut.count, [&](int64_t i, uint32_t) {
    const int64_t image_group = i / cut.count;
    const int64_t p = i % cut.count;
    pack_pixels(d_, x + image_group * d_.icg * d_.ih * d_.iw, cut.start(p), cut.size(p), cut.size(p),
                workspace + (image_group * pixels + cut.start(p)) * k);
  });
  const int64_t col_panels = ceil_div(d_.ocg, kCols);
  const int64_t group_floats = packed_b_floats(k, d_.ocg);
  parallel(images * col_panels, [&](int64_t i, uint32_t) {
    const int64_t image_group = i / col_panels;
    const int64_t group = image_group % d_.groups;
    const int64_t j = i % col_panels;
    const int64_t width = panel_width(d_.ocg, j);
    const int64_t cols = std::min(width, d_.ocg - j * kCols);
    const int64_t at = (image_group * d_.ocg + j * kCols) * pixels;
    TileOut tile;
    tile.ldc = tile.ldr = pixels;
    if (out.bias != nullptr) tile.col_bias = out.bias + group * d_.ocg + j * kCols;
    if (out.activation.is_clamp()) {
      tile.low = out.activation.a;
      tile.high = out.activation.b;
    }
    for (int64_t p = 0; p < cut.count; ++p) {
      tile.c = out.y + at + cut.start(p);
      if (out.residual != nullptr) tile.residual = out.residual + at + cut.start(p);
      gemm_tile_transposed(workspace + (image_group * pixels + cut.start(p)) * k, static_cast<int>(cut.size(p)),
                           w + group * group_floats + j * kCols * k, static_cast<int>(width), k, static_cast<int>(cols),
                           tile);
    }
    if (!out.activation.is_clamp() && !out.activation.is_identity())
      apply(out.activation, out.y + at, out.y + at, cols * pixels);
  });
}

}  // namespace tenon::cpu
