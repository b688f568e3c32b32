// SPDX-License-Identifier: Apache-2.0
#ifndef TENON_CPU_KERNELS_WINDOW_DIMS_HPP_
#define TENON_CPU_KERNELS_WINDOW_DIMS_HPP_

#include <cstdint>

namespace tenon::cpu {

// A window of kh * kw taps over a plane of ih * iw elements, for oh * ow outputs: strides, dilations, and padding
// before the first row and column. Sizes in elements, all positive but the padding.
struct WindowDims {
  int64_t ih = 1, iw = 1, oh = 1, ow = 1;
  int64_t kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1;
  int64_t pad_top = 0, pad_left = 0;
};

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_WINDOW_DIMS_HPP_
