// SPDX-License-Identifier: Apache-2.0
// Resize by the nearest or by linear interpolation along each axis.
#ifndef TENON_CPU_KERNELS_RESIZE_HPP_
#define TENON_CPU_KERNELS_RESIZE_HPP_

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/parallel.hpp"

namespace tenon::cpu {

enum class Coordinates : uint8_t { kHalfPixel, kHalfPixelSymmetric, kPytorchHalfPixel, kAlignCorners, kAsymmetric };
enum class Nearest : uint8_t { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil };

// One axis: in -> out elements; scale is out / in as the model states it.
struct ResizeAxis {
  int64_t in = 1, out = 1;
  double scale = 1.0;
};

// Position in the input, in elements, of output element i (ONNX Resize, coordinate_transformation_mode).
double source_position(Coordinates mode, const ResizeAxis& axis, int64_t i);

// Index table of the nearest input elements along one axis, clipped to it.
std::vector<int64_t> nearest_table(Coordinates mode, Nearest rounding, const ResizeAxis& axis);

// Elements of `size` bytes (1, 2, 4, 8, 16): y[i0, i1, ...] = x[tables[0][i0], tables[1][i1], ...].
void gather_axes(int64_t size, std::span<const int64_t> in_dims, std::span<const std::vector<int64_t>> tables,
                 const void* x, void* y, const Parallel& parallel);

// Two neighbours along an axis and the weight of the second.
struct LinearTable {
  std::vector<int64_t> low, high;
  std::vector<float> weight;
};
LinearTable linear_table(Coordinates mode, const ResizeAxis& axis);

// x [outer, ih, iw] -> y [outer, oh, ow], linear along both axes.
void resize_linear(const float* x, float* y, int64_t outer, int64_t ih, int64_t iw, const LinearTable& rows,
                   const LinearTable& cols, const Parallel& parallel);

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_RESIZE_HPP_
