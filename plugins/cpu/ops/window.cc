// SPDX-License-Identifier: Apache-2.0
#include "ops/window.hpp"

#include <algorithm>

namespace tenon::cpu {

Window Window::from(const Node& node, uint32_t spatial) {
  Window w;
  const uint32_t first = 2 - spatial;
  const auto read = [&](std::string_view name, int64_t* to, uint32_t at) {
    const auto values = node.attr_ints(name);
    for (uint32_t i = 0; i < spatial && at + i < values.size(); ++i) to[first + i] = values[at + i];
  };
  read("kernel_shape", w.kernel, 0);
  read("strides", w.stride, 0);
  read("dilations", w.dilation, 0);
  read("pads", w.pad_begin, 0);
  read("pads", w.pad_end, spatial);
  w.auto_pad = node.attr_string("auto_pad", "NOTSET");
  w.ceil_mode = node.attr_int("ceil_mode", 0) != 0;
  return w;
}

void Window::take_kernel(DimsView weights, uint32_t spatial, const std::string& node) {
  // Only weights without elements can have more: nothing is lost, and a reach stays far from overflow.
  constexpr int64_t kMost = int64_t{1} << 40;
  for (uint32_t i = 0; i < spatial; ++i) {
    plugin::require(weights[2 + i] <= kMost, TENON_LIMIT, node, ": the window of weights of dims ", weights,
                    " is too large");
    kernel[2 - spatial + i] = weights[2 + i];
  }
}

int64_t Window::resolve(int axis, int64_t in) {
  const int64_t s = stride[axis];
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    const int64_t out = (in + s - 1) / s;
    const int64_t total = std::max<int64_t>(0, (out - 1) * s + reach(axis) - in);
    pad_begin[axis] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    pad_end[axis] = total - pad_begin[axis];
    return out;
  }
  if (auto_pad == "VALID") pad_begin[axis] = pad_end[axis] = 0;
  const int64_t room = in + pad_begin[axis] + pad_end[axis] - reach(axis);
  if (room < 0) return 0;
  int64_t out = (ceil_mode ? (room + s - 1) / s : room / s) + 1;
  if (ceil_mode && (out - 1) * s >= in + pad_begin[axis]) --out;  // no window begins in the padding at the end
  return out;
}

WindowDims Window::over(const DimsView& x, uint32_t spatial, const std::string& node) {
  WindowDims d;
  d.ih = spatial == 2 ? x[2] : 1;
  d.iw = x[spatial + 1];
  d.oh = resolve(0, d.ih);
  d.ow = resolve(1, d.iw);
  for (uint32_t i = 0; i < spatial && !auto_pad.starts_with("SAME"); ++i) {
    const uint32_t axis = i + 2 - spatial;
    const int64_t padded = x[i + 2] + pad_begin[axis] + pad_end[axis];
    plugin::require(padded >= reach(static_cast<int>(axis)), TENON_INVALID_TENSOR, node, ": spatial axis ", i, " has ",
                    padded, " elements with padding, the window needs ", reach(static_cast<int>(axis)));
  }
  d.kh = kernel[0];
  d.kw = kernel[1];
  d.sh = stride[0];
  d.sw = stride[1];
  d.dh = dilation[0];
  d.dw = dilation[1];
  d.pad_top = pad_begin[0];
  d.pad_left = pad_begin[1];
  return d;
}

Dims window_output(int64_t n, int64_t c, uint32_t spatial, int64_t oh, int64_t ow) {
  return spatial == 2 ? Dims{n, c, oh, ow} : Dims{n, c, ow};
}

uint32_t spatial_axes(const Node& node) {
  for (const Value& v : {node.input(0), node.input(1)})
    if (v && v.rank_known()) return v.rank() > 2 ? v.rank() - 2 : 0;
  return static_cast<uint32_t>(node.attr_ints("kernel_shape").size());
}

bool check_window(const Node& node, Refusal& refusal) {
  const uint32_t spatial = spatial_axes(node);
  if (spatial != 1 && spatial != 2)
    return refusal.set(TENON_REFUSE_RANK, plugin::cat(spatial, " spatial axes are not in this provider, 1 and 2 are"),
                       node.input(0).id());
  // Bounds far beyond any model keep tables and scratch of a hostile one small.
  constexpr int64_t kMostTaps = 65536;
  static constexpr std::pair<std::string_view, int64_t> most[] = {
      {"strides", 1024}, {"dilations", 65536}, {"kernel_shape", kMostTaps}};
  for (const auto& [name, limit] : most) {
    for (const int64_t v : node.attr_ints(name))
      if (v < 1 || v > limit) return refusal.set(TENON_REFUSE_ATTR, plugin::cat("attribute ", name, " holds ", v));
  }
  int64_t taps = 1;
  const Value weights = node.input(1);
  const bool shown = weights && weights.is_static() && weights.rank() == spatial + 2;
  for (const int64_t v : shown ? weights.dims().subspan(2) : node.attr_ints("kernel_shape"))
    taps = v > kMostTaps ? kMostTaps + 1 : std::min(kMostTaps + 1, taps * v);
  if (taps > kMostTaps)
    return refusal.set(TENON_REFUSE_COST,
                       plugin::cat("a window of more than ", kMostTaps, " elements is not in this provider"));
  if (node.attr_int("group", 1) < 1) return refusal.set(TENON_REFUSE_ATTR, "attribute group is below 1");
  for (const int64_t v : node.attr_ints("pads"))
    if (v < 0 || v > 65536) return refusal.set(TENON_REFUSE_ATTR, plugin::cat("attribute pads holds ", v));
  return true;
}

}  // namespace tenon::cpu
