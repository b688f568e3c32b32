// SPDX-License-Identifier: Apache-2.0
// The sliding window of convolutions and pools over one or two spatial axes; one axis is taken as [1, width].
#ifndef TENON_CPU_OPS_WINDOW_HPP_
#define TENON_CPU_OPS_WINDOW_HPP_

#include "kernel.hpp"
#include "kernels/window_dims.hpp"

namespace tenon::cpu {

struct Window {
  // [0]: rows, [1]: columns.
  int64_t kernel[2] = {1, 1}, stride[2] = {1, 1}, dilation[2] = {1, 1};
  int64_t pad_begin[2] = {0, 0}, pad_end[2] = {0, 0};
  std::string_view auto_pad = "NOTSET";
  bool ceil_mode = false;

  // Attributes kernel_shape, strides, dilations, pads, auto_pad, ceil_mode of a node over `spatial` axes (1 or 2).
  static Window from(const Node& node, uint32_t spatial);
  // The kernel is what the weights have: dims [out, in, spatial...], or in and out swapped. Throws when a reach could
  // overflow.
  void take_kernel(DimsView weights, uint32_t spatial, const std::string& node);
  int64_t reach(int axis) const { return (kernel[axis] - 1) * dilation[axis] + 1; }
  // Output size along one axis for an input of `in`; settles pads that auto_pad left open.
  int64_t resolve(int axis, int64_t in);
  // The same along both axes, for an input of dims x: [N, C, spatial...]. Throws when the padded input is smaller than
  // a window; `node` heads the text.
  WindowDims over(const DimsView& x, uint32_t spatial, const std::string& node);
};

// [n, c, spatial...]: dims of what a window over `spatial` axes makes.
Dims window_output(int64_t n, int64_t c, uint32_t spatial, int64_t oh, int64_t ow);

// Spatial axes of a convolution or pool: from the input's rank, else the weights', else kernel_shape; 0 when unknown.
uint32_t spatial_axes(const Node& node);
// One or two spatial axes and known attribute lengths; false with a reason otherwise.
bool check_window(const Node& node, Refusal& refusal);

}  // namespace tenon::cpu

#endif  // TENON_CPU_OPS_WINDOW_HPP_
