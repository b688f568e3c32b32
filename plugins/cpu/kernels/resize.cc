// SPDX-License-Identifier: Apache-2.0
#include "kernels/resize.hpp"

#include <cmath>
#include <cstring>

#include "kernels/loops.hpp"

namespace tenon::cpu {

double source_position(Coordinates mode, const ResizeAxis& axis, int64_t i) {
  const double x = static_cast<double>(i);
  const double in = static_cast<double>(axis.in);
  const double exact = in * axis.scale;  // the output's length before it was cut to an integer, as ONNX counts it
  switch (mode) {
    case Coordinates::kHalfPixel:
      return (x + 0.5) / axis.scale - 0.5;
    case Coordinates::kHalfPixelSymmetric: {
      const double adjustment = static_cast<double>(axis.out) / exact;
      return in / 2 * (1 - adjustment) + (x + 0.5) / axis.scale - 0.5;
    }
    case Coordinates::kPytorchHalfPixel:
      return exact == 1 ? -0.5 : (x + 0.5) / axis.scale - 0.5;
    case Coordinates::kAlignCorners:
      return exact == 1 ? 0.0 : x * (in - 1) / (exact - 1);
    case Coordinates::kAsymmetric:
      return x / axis.scale;
  }
  return 0.0;
}

std::vector<int64_t> nearest_table(Coordinates mode, Nearest rounding, const ResizeAxis& axis) {
  std::vector<int64_t> out(static_cast<size_t>(axis.out));
  for (int64_t i = 0; i < axis.out; ++i) {
    const double x = source_position(mode, axis, i);
    const double low = std::floor(x);
    double pick = low;
    if (rounding == Nearest::kCeil) pick = std::ceil(x);
    if (rounding == Nearest::kRoundPreferFloor) pick = x - low > 0.5 ? low + 1 : low;
    if (rounding == Nearest::kRoundPreferCeil) pick = x - low >= 0.5 ? low + 1 : low;
    out[static_cast<size_t>(i)] = std::clamp<int64_t>(static_cast<int64_t>(pick), 0, axis.in - 1);
  }
  return out;
}

namespace {

template <class T>
void gather_of(std::span<const int64_t> in_dims, std::span<const std::vector<int64_t>> tables, const T* x, T* y,
               const Parallel& parallel) {
  const std::vector<int64_t> strides = dense_strides(in_dims);
  const size_t last = tables.size() - 1;
  const std::vector<int64_t>& cols = tables[last];
  const auto width = static_cast<int64_t>(cols.size());
  int64_t rows = 1;
  for (size_t a = 0; a < last; ++a) rows *= static_cast<int64_t>(tables[a].size());
  if (rows == 0 || width == 0) return;
  parallel.ranges(rows, std::max<int64_t>(1, kGrain / width), [&](int64_t first, int64_t end) {
    for (int64_t r = first; r < end; ++r) {
      int64_t rest = r;
      const T* from = x;
      for (size_t a = last; a-- > 0;) {
        const auto n = static_cast<int64_t>(tables[a].size());
        from += tables[a][static_cast<size_t>(rest % n)] * strides[a];
        rest /= n;
      }
      T* to = y + r * width;
      for (int64_t c = 0; c < width; ++c) to[c] = from[cols[static_cast<size_t>(c)]];
    }
  });
}

}  // namespace

void gather_axes(int64_t size, std::span<const int64_t> in_dims, std::span<const std::vector<int64_t>> tables,
                 const void* x, void* y, const Parallel& parallel) {
  struct Bytes16 {
    uint64_t low, high;
  };
  const auto run = [&](auto one) {
    using T = decltype(one);
    gather_of<T>(in_dims, tables, static_cast<const T*>(x), static_cast<T*>(y), parallel);
  };
  switch (size) {
    case 1:
      return run(uint8_t{});
    case 2:
      return run(uint16_t{});
    case 4:
      return run(uint32_t{});
    case 8:
      return run(uint64_t{});
    default:
      return run(Bytes16{});
  }
}

LinearTable linear_table(Coordinates mode, const ResizeAxis& axis) {
  LinearTable out;
  for (int64_t i = 0; i < axis.out; ++i) {
    const double x = std::clamp(source_position(mode, axis, i), 0.0, static_cast<double>(axis.in - 1));
    const auto low = static_cast<int64_t>(x);
    out.low.push_back(low);
    out.high.push_back(std::min(low + 1, axis.in - 1));
    out.weight.push_back(static_cast<float>(x - static_cast<double>(low)));
  }
  return out;
}

void resize_linear(const float* x, float* y, int64_t outer, int64_t ih, int64_t iw, const LinearTable& rows,
                   const LinearTable& cols, const Parallel& parallel) {
  const auto oh = static_cast<int64_t>(rows.low.size());
  const auto ow = static_cast<int64_t>(cols.low.size());
  if (outer * oh * ow == 0) return;
  parallel.ranges(outer * oh, std::max<int64_t>(1, kGrain / ow), [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const auto r = static_cast<size_t>(i % oh);
      const float* image = x + i / oh * ih * iw;
      const float* top = image + rows.low[r] * iw;
      const float* bottom = image + rows.high[r] * iw;
      const float wy = rows.weight[r];
      float* to = y + i * ow;
      for (size_t c = 0; c < static_cast<size_t>(ow); ++c) {
        const float wx = cols.weight[c];
        const float a = top[cols.low[c]] * (1.0f - wx) + top[cols.high[c]] * wx;
        const float b = bottom[cols.low[c]] * (1.0f - wx) + bottom[cols.high[c]] * wx;
        to[c] = a * (1.0f - wy) + b * wy;
      }
    }
  });
}

}  // namespace tenon::cpu
