// SPDX-License-Identifier: Apache-2.0
// Where the windows of Conv and the pools lie: kernel, strides, dilations and padding over the spatial axes.
#ifndef TENON_REFERENCE_WINDOW_HPP_
#define TENON_REFERENCE_WINDOW_HPP_

#include <algorithm>
#include <string_view>

#include "operator.hpp"

namespace tenon::reference {

/// All lists have one entry a spatial axis. Window element k of output o lies at o * stride + k * dilation - begin.
struct Window {
  Dims in, kernel, strides, dilations, begin, end, out;

  /// Elements from the first to the last of a window along `axis`.
  int64_t extent(size_t axis) const { return kit::checked_add(kit::checked_mul(kernel[axis] - 1, dilations[axis]), 1); }
};

namespace detail {

// SAME_*: as many outputs as strides fit in; what is missing is put half in front, the odd one behind (UPPER) or in
// front (LOWER).
inline void pad_same(Window& w, size_t i, bool upper) {
  w.out[i] = w.in[i] / w.strides[i] + (w.in[i] % w.strides[i] != 0 ? 1 : 0);
  const int64_t reach = kit::checked_add(kit::checked_mul(w.out[i] - 1, w.strides[i]), w.extent(i));
  const int64_t total = std::max<int64_t>(0, reach - w.in[i]);
  w.begin[i] = upper ? total / 2 : total - total / 2;
  w.end[i] = total - w.begin[i];
}

inline void count_windows(Window& w, size_t i, bool ceil_mode) {
  const int64_t padded = kit::checked_add(kit::checked_add(w.in[i], w.begin[i]), w.end[i]);
  const int64_t room = padded - w.extent(i);
  require(room >= 0, TENON_RUN, "spatial axis ", i, " has ", padded, " elements with padding, the window needs ",
          w.extent(i));
  w.out[i] = room / w.strides[i] + 1;
  // A window that would start in the padding behind the input is left out.
  if (ceil_mode && room % w.strides[i] != 0 && w.out[i] * w.strides[i] < w.in[i] + w.begin[i]) ++w.out[i];
}

}  // namespace detail

/// Reads strides, dilations, pads, auto_pad and, for pools, ceil_mode. `in`: the input's spatial dims.
inline Window make_window(const kit::Attributes& attributes, DimsView in, Dims kernel) {
  const size_t n = in.size();
  Window w;
  w.in.assign(in.begin(), in.end());
  w.kernel = std::move(kernel);
  require(w.kernel.size() == n, TENON_RUN, "attribute 'kernel_shape' has ", w.kernel.size(), " axes, expected ", n);
  w.strides = attributes.ints("strides", n, 1);
  w.dilations = attributes.ints("dilations", n, 1);
  const Dims pads = attributes.ints("pads", 2 * n, 0);
  w.begin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(n));
  w.end.assign(pads.begin() + static_cast<std::ptrdiff_t>(n), pads.end());
  w.out.assign(n, 0);
  const std::string_view mode = attributes.string("auto_pad", "NOTSET");
  for (size_t i = 0; i < n; ++i) {
    require(w.kernel[i] > 0 && w.strides[i] > 0 && w.dilations[i] > 0, TENON_RUN, "spatial axis ", i, " has kernel ",
            w.kernel[i], ", stride ", w.strides[i], ", dilation ", w.dilations[i], ", expected at least 1");
    if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
      detail::pad_same(w, i, mode == "SAME_UPPER");
      continue;
    }
    require(mode == "NOTSET" || mode == "VALID", TENON_RUN, "attribute 'auto_pad' is '", mode,
            "', expected NOTSET, VALID, SAME_UPPER or SAME_LOWER");
    if (mode == "VALID") w.begin[i] = w.end[i] = 0;
    detail::count_windows(w, i, attributes.flag("ceil_mode"));
  }
  return w;
}

/// The outputs [first, last) along `axis` whose element `k` of the window lies inside the input.
inline std::pair<int64_t, int64_t> inside(const Window& w, size_t axis, int64_t k) {
  const int64_t shift = k * w.dilations[axis] - w.begin[axis];  // input index at output 0
  const int64_t stride = w.strides[axis];
  const int64_t first = shift < 0 ? (-shift + stride - 1) / stride : 0;
  const int64_t last = w.in[axis] - 1 - shift < 0 ? 0 : (w.in[axis] - 1 - shift) / stride + 1;
  return {std::min(first, w.out[axis]), std::clamp(last, std::min(first, w.out[axis]), w.out[axis])};
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_WINDOW_HPP_
