// SPDX-License-Identifier: Apache-2.0
// ai.onnx Resize, form 13: one axis after the other; each output is a weighted sum of the input elements near its
// place in the input ("taps"). Sums in double, rounded once; integers are cut toward zero.
#include <algorithm>
#include <cmath>

#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kInterpolated = kit::kNumbers;

struct Tap {
  int64_t index;
  double weight;
};

// One axis that is resized.
struct Axis {
  int64_t axis, in, out;
  double scale;
  double roi_begin = 0, roi_end = 1;
  std::vector<std::vector<Tap>> taps;  // for each output; none: outside of the region, the extrapolation value
};

// Where output `o` lies in the input, by coordinate_transformation_mode.
double place(std::string_view mode, const Axis& a, int64_t o) {
  const auto x = static_cast<double>(o);
  const auto in = static_cast<double>(a.in);
  const double exact = a.scale * in;  // the output's length before it was cut to an integer
  if (mode == "asymmetric") return x / a.scale;
  if (mode == "align_corners") return exact == 1 ? 0 : x * (in - 1) / (exact - 1);
  if (mode == "pytorch_half_pixel" && exact == 1) return -0.5;
  if (mode == "half_pixel_symmetric") {
    return in / 2 * (1 - static_cast<double>(a.out) / exact) + (x + 0.5) / a.scale - 0.5;
  }
  if (mode == "tf_crop_and_resize") {
    const double length = (a.roi_end - a.roi_begin) * (in - 1);
    return a.roi_begin * (in - 1) + (exact == 1 ? length / 2 : x * length / (exact - 1));
  }
  return (x + 0.5) / a.scale - 0.5;  // half_pixel, pytorch_half_pixel
}

int64_t nearest(std::string_view mode, double x) {
  if (mode == "floor") return static_cast<int64_t>(std::floor(x));
  if (mode == "ceil") return static_cast<int64_t>(std::ceil(x));
  return static_cast<int64_t>(mode == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5));
}

// The weight of an element at distance d: a triangle, or Keys' cubic with coefficient `a`.
double kernel(bool cubic, double a, double d) {
  d = std::fabs(d);
  if (!cubic) return std::max(0.0, 1 - d);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

std::vector<Tap> interpolate(const kit::Attributes& attributes, const Axis& a, double x) {
  const bool cubic = attributes.string("mode") == "cubic";
  const double coefficient = attributes.number("cubic_coeff_a", -0.75);
  const bool widen = attributes.flag("antialias") && a.scale < 1;
  const double squeeze = widen ? a.scale : 1;  // antialiasing stretches the kernel over all that shrinks into one
  const auto reach = static_cast<int64_t>(std::ceil((cubic ? 2 : 1) / squeeze));
  const auto centre = static_cast<int64_t>(std::floor(x));
  std::vector<Tap> taps;
  double sum = 0;
  for (int64_t i = centre - reach; i <= centre + reach + 1; ++i) {
    const double weight = kernel(cubic, coefficient, squeeze * (static_cast<double>(i) - x));
    if (weight == 0 || (attributes.flag("exclude_outside") && (i < 0 || i >= a.in))) continue;
    taps.push_back({std::clamp<int64_t>(i, 0, a.in - 1), weight});
    sum += weight;
  }
  if (widen || attributes.flag("exclude_outside")) {
    for (Tap& tap : taps) tap.weight /= sum;
  }
  return taps;
}

void make_taps(const kit::Attributes& attributes, Axis& a) {
  const std::string_view transform = attributes.string("coordinate_transformation_mode", "half_pixel");
  for (int64_t o = 0; o < a.out; ++o) {
    const double x = place(transform, a, o);
    if (transform == "tf_crop_and_resize" && (x < 0 || x > static_cast<double>(a.in - 1))) {
      a.taps.emplace_back();
    } else if (attributes.string("mode", "nearest") == "nearest") {
      const int64_t i = nearest(attributes.string("nearest_mode", "round_prefer_floor"), x);
      a.taps.push_back({{std::clamp<int64_t>(i, 0, a.in - 1), 1}});
    } else {
      a.taps.push_back(interpolate(attributes, a, x));
    }
  }
}

std::vector<double> reals(const Context& c, size_t i) {
  std::vector<double> out;
  if (!c.has_input(i)) return out;
  const Input& in = c.input(i);
  kit::dispatch(kit::kFloats, in.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t k = 0; k < in.count(); ++k) out.push_back(kit::widen(in.data<T>()[k]));
  });
  return out;
}

// Scale and size of each axis, from `scales` or `sizes`.
void measure(const Context& c, std::vector<Axis>& axes) {
  const std::vector<double> scales = reals(c, 2);
  const Dims sizes = c.has_input(3) ? c.integers(3) : Dims();
  require(scales.empty() != sizes.empty() || axes.empty(), TENON_RUN, "has ", scales.size(), " scales and ",
          sizes.size(), " sizes, expected exactly one of the two");
  require((sizes.empty() ? scales.size() : sizes.size()) == axes.size(), TENON_RUN, "has ",
          sizes.empty() ? scales.size() : sizes.size(), " scales or sizes, expected ", axes.size());
  const std::string_view policy = c.attributes().string("keep_aspect_ratio_policy", "stretch");
  double common = policy == "not_larger" ? INFINITY : 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    Axis& a = axes[i];
    if (!sizes.empty()) {
      require(sizes[i] >= 0 && (a.in > 0 || sizes[i] == 0), TENON_RUN, "sizes[", i, "] is ", sizes[i], " for a dim of ",
              a.in);
      a.out = sizes[i];
      a.scale = a.in == 0 ? 1 : static_cast<double>(sizes[i]) / static_cast<double>(a.in);
      common = policy == "not_larger" ? std::min(common, a.scale) : std::max(common, a.scale);
    } else {
      require(scales[i] > 0, TENON_RUN, "scales[", i, "] is ", scales[i], ", expected one above 0");
      a.scale = scales[i];
      const double out = std::floor(static_cast<float>(a.in) * static_cast<float>(scales[i]));
      require(out < 9e18, TENON_LIMIT, "scales[", i, "] makes a dim of ", out);
      a.out = static_cast<int64_t>(out);
    }
  }
  if (sizes.empty() || policy == "stretch") return;
  for (Axis& a : axes) {
    a.scale = common;
    a.out = static_cast<int64_t>(std::floor(common * static_cast<double>(a.in) + 0.5));
  }
}

std::vector<Axis> find_axes(const Context& c) {
  const int64_t rank = c.input(0).rank();
  const std::span<const int64_t> named = c.attributes().ints("axes");
  Dims list = kit::normal_axes(named, rank, "attribute 'axes'");
  for (int64_t i = 0; named.empty() && i < rank; ++i) list.push_back(i);
  const std::vector<double> roi = reals(c, 1);
  const bool crop = c.attributes().string("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize";
  require(!crop || roi.size() == 2 * list.size(), TENON_RUN, "roi has ", roi.size(), " entries, expected ",
          2 * list.size());
  std::vector<Axis> axes;
  for (size_t i = 0; i < list.size(); ++i) {
    const int64_t in = c.input(0).dim(list[i]);
    axes.push_back({list[i], in, in, 1, crop ? roi[i] : 0, crop ? roi[list.size() + i] : 1, {}});
  }
  return axes;
}

// What is not on the way: the outputs that one axis puts outside of its region.
bool outside(const std::vector<Axis>& axes, const Dims& index) {
  return std::ranges::any_of(
      axes, [&](const Axis& a) { return a.taps[static_cast<size_t>(index[static_cast<size_t>(a.axis)])].empty(); });
}

// Calls fn(flat index, index) for each element of `dims`.
template <class F>
void for_each_index(const Dims& dims, F&& fn) {
  Dims index(dims.size(), 0);
  const int64_t n = kit::count(dims);
  for (int64_t flat = 0; flat < n; ++flat) {
    fn(flat, index);
    for (size_t i = dims.size(); i-- > 0;) {
      if (++index[i] < dims[i]) break;
      index[i] = 0;
    }
  }
}

// One axis of `x` (dims `dims`) resized.
std::vector<double> resize_axis(const Context& c, const Axis& a, const std::vector<double>& x, Dims& dims) {
  const int64_t inner = kit::dense_strides(dims)[static_cast<size_t>(a.axis)];
  const int64_t outer = a.in * inner == 0 ? 0 : kit::count(dims) / (a.in * inner);
  dims[static_cast<size_t>(a.axis)] = a.out;
  std::vector<double> y(static_cast<size_t>(kit::count(dims)), 0.0);
  c.parallel_for(outer, [&](int64_t slab) {
    c.check();
    for (int64_t o = 0; o < a.out; ++o) {
      double* to = y.data() + (slab * a.out + o) * inner;
      for (const Tap& tap : a.taps[static_cast<size_t>(o)]) {
        const double* from = x.data() + (slab * a.in + tap.index) * inner;
        for (int64_t i = 0; i < inner; ++i) to[i] += tap.weight * from[i];
      }
    }
  });
  return y;
}

template <class T>
void interpolated(const Context& c, const std::vector<Axis>& axes, const Input& x, Output& y) {
  std::vector<double> values(static_cast<size_t>(x.count()));
  for (int64_t i = 0; i < x.count(); ++i)
    values[static_cast<size_t>(i)] = static_cast<double>(kit::widen(x.data<T>()[i]));
  Dims dims = x.dims();
  for (const Axis& a : axes) {
    if (a.scale != 1 || a.in != a.out) values = resize_axis(c, a, values, dims);
  }
  const double extrapolated = c.attributes().number("extrapolation_value", 0);
  for_each_index(y.dims(), [&](int64_t flat, const Dims& index) {
    const double value = outside(axes, index) ? extrapolated : values[static_cast<size_t>(flat)];
    if constexpr (kit::is_float<T>) {
      y.data<T>()[flat] = kit::narrow<T>(value);
    } else {
      constexpr auto low = static_cast<double>(std::numeric_limits<T>::min());
      constexpr auto high = static_cast<double>(std::numeric_limits<T>::max());
      y.data<T>()[flat] = value <= low    ? std::numeric_limits<T>::min()
                          : value >= high ? std::numeric_limits<T>::max()
                                          : static_cast<T>(value);
    }
  });
}

template <class T>
void picked(const Context& c, const std::vector<Axis>& axes, const Input& x, Output& y) {
  const Dims steps = kit::dense_strides(x.dims());
  for_each_index(y.dims(), [&](int64_t flat, const Dims& index) {
    if (flat % 4096 == 0) c.check();
    if (outside(axes, index)) {
      if constexpr (kit::is_float<T>)
        y.data<T>()[flat] = kit::narrow<T>(c.attributes().number("extrapolation_value", 0));
      return;
    }
    Dims from = index;
    for (const Axis& a : axes) {
      const auto i = static_cast<size_t>(a.axis);
      from[i] = a.taps[static_cast<size_t>(index[i])].front().index;
    }
    int64_t at = 0;
    for (size_t i = 0; i < from.size(); ++i) at += from[i] * steps[i];
    y.data<T>()[flat] = x.data<T>()[at];
  });
}

void run(Context& c) {
  std::vector<Axis> axes = find_axes(c);
  measure(c, axes);
  const Input& x = c.input(0);
  Dims dims = x.dims();
  for (const Axis& a : axes) dims[static_cast<size_t>(a.axis)] = a.out;
  Output& y = c.output(0, dims);
  if (y.count() == 0) return;
  require(x.count() != 0, TENON_RUN, "X has dims ", DimsView(x.dims()), " and no element to resize");
  for (Axis& a : axes) make_taps(c.attributes(), a);
  if (c.attributes().string("mode", "nearest") == "nearest") {
    kit::dispatch(kit::kAllBasic, x.dtype(), [&]<class T>(Tag<T>) { picked<T>(c, axes, x, y); });
  } else {
    kit::dispatch(kInterpolated, x.dtype(), [&]<class T>(Tag<T>) { interpolated<T>(c, axes, x, y); });
  }
}

std::string refuse(const plugin::Node& node) {
  const kit::Attributes attributes(node);
  const std::string_view mode = attributes.string("mode", "nearest");
  const kit::DtypeSet numbers = kInterpolated;
  if (mode != "nearest" && !numbers.has(node.input(0).dtype())) {
    return "attribute 'mode' is '" + std::string(mode) + "', which needs numbers to interpolate";
  }
  return mode == "nearest" || mode == "linear" || mode == "cubic"
             ? ""
             : "attribute 'mode' is '" + std::string(mode) + "', expected nearest, linear or cubic";
}

}  // namespace

TENON_OPERATOR(resize){
    .name = "Resize",
    .form = 13,
    .types = {{"T1", kit::kAllBasic}, {"T2", kit::Types<float, double, kit::Float16>{}}},
    .inputs = {"T1", "T2?", "float?", "int64?"},
    .outputs = {"T1"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
