// SPDX-License-Identifier: Apache-2.0
#include "kernels/planes.hpp"

#include "kernels/gemm.hpp"
#include "kernels/simd.hpp"

namespace tenon::cpu {
namespace {

using simd::kLanes;
using simd::V;

constexpr int64_t kBandFloats = 4096;        // of input that a thread holds at once: half of a first-level cache
constexpr int64_t kIndexFloats = 64 * 1024;  // input floats of a piece of work, so that pieces are not too small

}  // namespace

PlanePlan::PlanePlan(const PlaneDims& dims) : d_(dims) {
  const int64_t reach_x = (d_.kw - 1) * d_.dw;
  const int64_t reach_y = (d_.kh - 1) * d_.dh;
  phase_width_ = ceil_div((d_.ow - 1) * d_.sw + reach_x + 1, d_.sw);
  const int64_t row_floats = phase_width_ * d_.sw * d_.sh;
  band_rows_ = std::clamp<int64_t>(kBandFloats / row_floats - reach_y / d_.sh, 1, d_.oh);
  bands_ = ceil_div(d_.oh, band_rows_);
  phase_rows_ = ceil_div((band_rows_ - 1) * d_.sh + reach_y + 1, d_.sh);
  // Whole vectors are read past the last row, and written past the end of a result and of a line.
  const int64_t phase_floats = phase_rows_ * phase_width_;
  line_ = phase_width_ * d_.sw + 2 * kLanes;
  scratch_ = d_.sh * d_.sw * phase_floats + reach_x + 5 * kLanes + band_rows_ * phase_width_ + 5 * kLanes + line_;
  for (int64_t i = 0; i < d_.kh; ++i) {
    for (int64_t j = 0; j < d_.kw; ++j) {
      const int64_t y = i * d_.dh;
      const int64_t x = j * d_.dw;
      taps_.push_back(((y % d_.sh) * d_.sw + x % d_.sw) * phase_floats + y / d_.sh * phase_width_ + x / d_.sw);
    }
  }
}

int64_t PlanePlan::workspace_floats(uint32_t workers) const { return static_cast<int64_t>(workers) * scratch_; }

// One input row (NULL: all padding) into the row `phase` of every horizontal phase.
void PlanePlan::load_row(const float* row, float fill, float* line, float* phase) const {
  const int64_t phase_floats = phase_rows_ * phase_width_;
  if (row == nullptr) {
    for (int64_t px = 0; px < d_.sw; ++px) simd::fill(phase + px * phase_floats, fill, phase_width_);
    return;
  }
  const int64_t width = phase_width_ * d_.sw;
  const int64_t count = std::clamp<int64_t>(width - d_.pad_left, 0, d_.iw);
  float* to = d_.sw == 1 ? phase : line;
  simd::fill(to, fill, std::min(d_.pad_left, width));
  if (count > 0) simd::copy(to + d_.pad_left, row, count);
  if (d_.pad_left + count < width) simd::fill(to + d_.pad_left + count, fill, width - d_.pad_left - count);
  if (d_.sw == 1) return;
  if (d_.sw != 2) {
    for (int64_t px = 0; px < d_.sw; ++px)
      for (int64_t t = 0; t < phase_width_; ++t) phase[px * phase_floats + t] = line[t * d_.sw + px];
    return;
  }
  for (int64_t t = 0; t < phase_width_; t += kLanes) {
    const int n = static_cast<int>(std::min<int64_t>(kLanes, phase_width_ - t));
    V even;
    V odd;
    simd::deinterleave(simd::load(line + 2 * t), simd::load(line + 2 * t + kLanes), even, odd);
    simd::store_first(phase + t, even, n);
    simd::store_first(phase + phase_floats + t, odd, n);
  }
}

void PlanePlan::load_band(const float* plane, Band band, float fill, float* scratch) const {
  const int64_t phase_floats = phase_rows_ * phase_width_;
  float* line = scratch + scratch_ - line_;
  const int64_t first_row = band.first * d_.sh - d_.pad_top;
  for (int64_t r = 0; r < phase_rows_ * d_.sh; ++r) {
    const int64_t iy = first_row + r;
    load_row(iy < 0 || iy >= d_.ih ? nullptr : plane + iy * d_.iw, fill, line,
             scratch + (r % d_.sh) * d_.sw * phase_floats + r / d_.sh * phase_width_);
  }
}

// Calls body(plane_in, band, phases, result) for each band of each input plane; `result` has room for the band's
// outputs in rows of phase_width_.
template <class Body>
void PlanePlan::for_bands(float fill, const float* x, float* workspace, const Parallel& parallel, Body body) const {
  const int64_t total = d_.planes_in * bands_;
  const int64_t band_floats = phase_rows_ * phase_width_ * d_.sh * d_.sw;
  const int64_t result_at = scratch_ - line_ - band_rows_ * phase_width_ - 5 * kLanes;
  const int64_t step = std::max<int64_t>(1, std::min(kIndexFloats / band_floats, total / 16));
  parallel(ceil_div(total, step), [&](int64_t index, uint32_t worker) {
    float* scratch = workspace + static_cast<int64_t>(worker) * scratch_;
    simd::fill(scratch + band_floats, fill, result_at - band_floats);
    simd::fill(scratch + scratch_ - line_, fill, line_);
    for (int64_t i = index * step; i < std::min(total, (index + 1) * step); ++i) {
      const int64_t plane = i / bands_;
      const int64_t first = i % bands_ * band_rows_;
      const Band band{first, std::min(d_.oh, first + band_rows_)};
      load_band(x + plane * d_.ih * d_.iw, band, fill, scratch);
      body(plane, band, scratch, scratch + result_at);
    }
  });
}

void PlanePlan::convolve(const float* x, const float* w, int64_t channels, const float* bias, const float* residual,
                         const Activation& activation, float* y, float* workspace, const Parallel& parallel) const {
  const int64_t ntaps = static_cast<int64_t>(taps_.size());
  // Bounds go with the sum; every other activation is a pass of its own.
  const bool bounds = activation.is_clamp() && residual == nullptr;
  const V low = simd::set1(bounds ? activation.a : -__builtin_inff());
  const V high = simd::set1(bounds ? activation.b : __builtin_inff());
  const bool later = !bounds && !activation.is_identity();
  for_bands(0.0f, x, workspace, parallel, [&](int64_t plane, Band band, const float* phases, float* result) {
    const int64_t n = (band.last - band.first) * phase_width_;
    for (int64_t m = 0; m < d_.multiplier; ++m) {
      const int64_t channel = plane % channels * d_.multiplier + m;
      const float* taps = w + channel * ntaps;
      const V start = bias == nullptr ? simd::zero() : simd::set1(bias[channel]);
      for (int64_t f = 0; f < n; f += 4 * kLanes) {
        V acc[4] = {start, start, start, start};
        for (int64_t t = 0; t < ntaps; ++t) {
          const V tap = simd::set1(taps[t]);
          const float* from = phases + taps_[static_cast<size_t>(t)] + f;
#pragma GCC unroll 4
          for (int v = 0; v < 4; ++v) acc[v] = simd::fma(tap, simd::load(from + v * kLanes), acc[v]);
        }
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) simd::store(result + f + v * kLanes, simd::min(high, simd::max(low, acc[v])));
      }
      if (later && residual == nullptr) apply(activation, result, result, n);
      const int64_t out_plane = (plane * d_.multiplier + m) * d_.oh * d_.ow;
      for (int64_t r = band.first; r < band.last; ++r) {
        const float* from = result + (r - band.first) * phase_width_;
        float* to = y + out_plane + r * d_.ow;
        if (residual == nullptr) {
          simd::copy(to, from, d_.ow);
          continue;
        }
        const float* add = residual + out_plane + r * d_.ow;
        for (int64_t c = 0; c < d_.ow; ++c) to[c] = from[c] + add[c];
        if (!activation.is_identity()) apply(activation, to, to, d_.ow);
      }
    }
  });
}

void PlanePlan::max_pool(const float* x, float* y, float* workspace, const Parallel& parallel) const {
  for_bands(-__builtin_inff(), x, workspace, parallel,
            [&](int64_t plane, Band band, const float* phases, float* result) {
              const int64_t n = (band.last - band.first) * phase_width_;
              for (int64_t f = 0; f < n; f += kLanes) {
                V best = simd::load(phases + taps_[0] + f);
                for (size_t t = 1; t < taps_.size(); ++t) best = simd::max_nan(best, simd::load(phases + taps_[t] + f));
                simd::store(result + f, best);
              }
              for (int64_t r = band.first; r < band.last; ++r) {
                const float* from = result + (r - band.first) * phase_width_;
                simd::copy(y + (plane * d_.oh + r) * d_.ow, from, d_.ow);
              }
            });
}

void PlanePlan::average_pool(const float* x, bool count_padding, float* y, float* workspace,
                             const Parallel& parallel) const {
  // Elements of a window along one axis that lie in [low, high).
  const auto inside = [](int64_t start, int64_t taps, int64_t dilation, int64_t low, int64_t high) {
    int64_t n = 0;
    for (int64_t t = 0; t < taps; ++t) n += start + t * dilation >= low && start + t * dilation < high ? 1 : 0;
    return n;
  };
  const int64_t low_y = count_padding ? -d_.pad_top : 0;
  const int64_t low_x = count_padding ? -d_.pad_left : 0;
  const int64_t high_y = count_padding ? d_.ih + d_.pad_bottom : d_.ih;
  const int64_t high_x = count_padding ? d_.iw + d_.pad_right : d_.iw;
  for_bands(0.0f, x, workspace, parallel, [&](int64_t plane, Band band, const float* phases, float* result) {
    const int64_t n = (band.last - band.first) * phase_width_;
    for (int64_t f = 0; f < n; f += kLanes) {
      V sum = simd::zero();
      for (const int64_t tap : taps_) sum = sum + simd::load(phases + tap + f);
      simd::store(result + f, sum);
    }
    for (int64_t r = band.first; r < band.last; ++r) {
      const float* from = result + (r - band.first) * phase_width_;
      float* to = y + (plane * d_.oh + r) * d_.ow;
      const int64_t rows = inside(r * d_.sh - d_.pad_top, d_.kh, d_.dh, low_y, high_y);
      for (int64_t c = 0; c < d_.ow; ++c) {
        const int64_t cols = inside(c * d_.sw - d_.pad_left, d_.kw, d_.dw, low_x, high_x);
        to[c] = from[c] / static_cast<float>(rows * cols);
      }
    }
  });
}

}  // namespace tenon::cpu
