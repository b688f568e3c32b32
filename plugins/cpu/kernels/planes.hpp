// SPDX-License-Identifier: Apache-2.0
// What works on one channel plane at a time: depthwise convolution and pooling with a window.
//
// A band of output rows reads a padded copy of its input rows, split by stride: phase (py, px) holds every sh-th row
// and sw-th column. In it the taps of neighbouring outputs are neighbours, so whole vectors are computed along the
// flattened rows, whatever the stride and however narrow the image.
#ifndef TENON_CPU_KERNELS_PLANES_HPP_
#define TENON_CPU_KERNELS_PLANES_HPP_

#include <cstdint>
#include <vector>

#include "kernels/activation.hpp"
#include "kernels/parallel.hpp"
#include "kernels/window_dims.hpp"

namespace tenon::cpu {

// Sizes in elements. x: `planes_in` planes of ih * iw; y: planes_in * multiplier planes of oh * ow; output plane p
// reads input plane p / multiplier.
struct PlaneDims : WindowDims {
  int64_t planes_in = 1, multiplier = 1;
  int64_t pad_bottom = 0, pad_right = 0;
};

class PlanePlan {
 public:
  explicit PlanePlan(const PlaneDims& dims);
  // Floats of workspace when at most `workers` threads take part.
  int64_t workspace_floats(uint32_t workers) const;

  // Depthwise convolution. w [channels * multiplier, kh, kw] with channels = the period of planes (planes_in / batch);
  // bias [channels * multiplier] or NULL; residual as y, or NULL.
  void convolve(const float* x, const float* w, int64_t channels, const float* bias, const float* residual,
                const Activation& activation, float* y, float* workspace, const Parallel& parallel) const;
  // Largest of each window, padding left out; NaN when the window holds one.
  void max_pool(const float* x, float* y, float* workspace, const Parallel& parallel) const;
  // Mean of each window; padding within pad_* counts when `count_padding`.
  void average_pool(const float* x, bool count_padding, float* y, float* workspace, const Parallel& parallel) const;

 private:
  struct Band {
    int64_t first, last;  // output rows
  };
  void load_band(const float* plane, Band band, float fill, float* scratch) const;
  void load_row(const float* row, float fill, float* line, float* phase) const;
  template <class Body>
  void for_bands(float fill, const float* x, float* workspace, const Parallel& parallel, Body body) const;

  PlaneDims d_;
  int64_t phase_width_;        // floats of a row of every phase
  int64_t band_rows_;          // output rows of a band
  int64_t phase_rows_;         // input rows of a phase that a band needs
  int64_t bands_;              // of a plane
  int64_t line_;               // floats of one padded input row
  int64_t scratch_;            // floats of a thread: phases, result, line
  std::vector<int64_t> taps_;  // offset of each tap in the phases
};

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_PLANES_HPP_
