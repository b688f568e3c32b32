// SPDX-License-Identifier: Apache-2.0
// ai.onnx DeformConv, form 19: Conv of X [N, C, H, W] whose window elements each lie where an offset of their own moves
// them, between pixels (bilinear, zero outside), times a mask; offset_group groups of channels share offsets.
#include <cmath>

#include "window.hpp"

namespace tenon::reference {
namespace {

struct Sizes {
  int64_t batch, channels, maps, group, offset_group, height, width;
};

// X at (y, x) between the pixels of a plane.
template <class T>
double between(const Sizes& s, const T* plane, double y, double x) {
  const double top = std::floor(y), left = std::floor(x);
  if (!(top >= -1 && left >= -1 && top < static_cast<double>(s.height) && left < static_cast<double>(s.width)))
    return 0;
  const auto row = static_cast<int64_t>(top), column = static_cast<int64_t>(left);
  const auto at = [&](int64_t i, int64_t j) {
    return i >= 0 && i < s.height && j >= 0 && j < s.width ? kit::widen(plane[i * s.width + j]) : 0.0;
  };
  const double down = y - top, across = x - left;
  return (1 - down) * ((1 - across) * at(row, column) + across * at(row, column + 1)) +
         down * ((1 - across) * at(row + 1, column) + across * at(row + 1, column + 1));
}

template <class T>
double element(const Context& c, const Sizes& s, const Window& w, int64_t image, int64_t map, int64_t o) {
  const int64_t taps = kit::count(w.kernel), places = kit::count(w.out), plane = s.height * s.width;
  const int64_t group_channels = s.channels / s.group, first = map / (s.maps / s.group) * group_channels;
  double sum = 0;
  for (int64_t k = 0; k < group_channels; ++k) {
    const int64_t channel = first + k, shift = channel / (s.channels / s.offset_group);
    const T* from = c.input(0).data<T>() + (image * s.channels + channel) * plane;
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t moved = (image * s.offset_group + shift) * taps + tap;
      const T* offset = c.input(2).data<T>() + moved * 2 * places + o;
      const int64_t y = o / w.out[1] * w.strides[0] + tap / w.kernel[1] * w.dilations[0] - w.begin[0];
      const int64_t x = o % w.out[1] * w.strides[1] + tap % w.kernel[1] * w.dilations[1] - w.begin[1];
      const double value = between(s, from, static_cast<double>(y) + kit::widen(offset[0]),
                                   static_cast<double>(x) + kit::widen(offset[places]));
      const double mask = c.has_input(4) ? kit::widen(c.input(4).data<T>()[moved * places + o]) : 1;
      sum += value * mask * kit::widen(c.input(1).data<T>()[(map * group_channels + k) * taps + tap]);
    }
  }
  return sum + (c.has_input(3) ? kit::widen(c.input(3).data<T>()[map]) : 0);
}

void run(Context& c) {
  const Input &x = c.input(0), &weights = c.input(1);
  require(x.rank() == 4 && weights.rank() == 4, TENON_RUN, "X and W have dims ", DimsView(x.dims()), " and ",
          DimsView(weights.dims()), ", expected rank 4");
  const Sizes s{
      x.dim(0), x.dim(1), weights.dim(0), c.attributes().integer("group", 1), c.attributes().integer("offset_group", 1),
      x.dim(2), x.dim(3)};
  const Window w = make_window(c.attributes(), DimsView(x.dims()).subspan(2), {weights.dim(2), weights.dim(3)});
  require(s.group > 0 && s.offset_group > 0 && s.channels == s.group * weights.dim(1) && s.maps % s.group == 0 &&
              s.channels % s.offset_group == 0,
          TENON_RUN, "X and W have dims ", DimsView(x.dims()), " and ", DimsView(weights.dims()),
          ", which do not fit group ", s.group, " and offset_group ", s.offset_group);
  const int64_t taps = kit::checked_mul(s.offset_group, kit::count(w.kernel));
  require(c.input(2).dims() == Dims{s.batch, 2 * taps, w.out[0], w.out[1]}, TENON_RUN, "the offsets have dims ",
          DimsView(c.input(2).dims()), ", expected [", s.batch, ",", 2 * taps, ",", w.out[0], ",", w.out[1], "]");
  require(!c.has_input(3) || c.input(3).dims() == Dims{s.maps}, TENON_RUN, "B has other dims than [", s.maps, "]");
  require(!c.has_input(4) || c.input(4).dims() == Dims{s.batch, taps, w.out[0], w.out[1]}, TENON_RUN,
          "the mask has other dims than [", s.batch, ",", taps, ",", w.out[0], ",", w.out[1], "]");
  Output& y = c.output(0, {s.batch, s.maps, w.out[0], w.out[1]});
  const int64_t places = kit::count(w.out);
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(s.batch * s.maps, [&](int64_t i) {
      for (int64_t o = 0; o < places; ++o) {
        if (o % 64 == 0) c.check();
        y.data<T>()[i * places + o] = kit::narrow<T>(element<T>(c, s, w, i / s.maps, i % s.maps, o));
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(deformconv){
    .name = "DeformConv",
    .form = 19,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T", "T", "T", "T?", "T?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
