// SPDX-License-Identifier: Apache-2.0
// ai.onnx GridSample, form 20: X [N, C, D1...] at the places of a grid [N, o1..., k], whose last axis has coordinates
// from -1 to 1, that of the last spatial axis first. Outside of X: zeros, the border, or the image reflected at it.
#include <algorithm>
#include <cmath>

#include "operator.hpp"

namespace tenon::reference {
namespace {

// One output's share of an element of a plane.
struct Tap {
  int64_t index;  // flat, in the plane
  double weight;
};

struct Sampling {
  bool align, cubic, nearest;
  std::string_view padding;

  explicit Sampling(const kit::Attributes& a)
      : align(a.flag("align_corners")),
        cubic(a.string("mode", "linear") == "cubic"),
        nearest(a.string("mode", "linear") == "nearest"),
        padding(a.string("padding_mode", "zeros")) {}
  double low() const { return align ? 0 : -0.5; }
  double high(int64_t n) const { return static_cast<double>(n) - (align ? 1 : 0.5); }
};

double reflected(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  const double beyond = x < low ? low - x : x - high;
  if (beyond <= 0) return x;
  const double turns = std::floor(beyond / range), rest = beyond - turns * range;
  const bool back = std::fmod(turns, 2) != 0;  // an odd number of turns ends at the other border
  return (x < low) != back ? low + rest : high - rest;
}

// A coordinate from -1 to 1 as one in elements, brought inside as `padding` says. Rounded to float, as ties of the
// nearest element are those of float.
double place(const Sampling& s, double x, int64_t n) {
  const auto size = static_cast<double>(n);
  x = static_cast<float>(s.align ? (x + 1) / 2 * (size - 1) : ((x + 1) * size - 1) / 2);
  if (s.nearest) x = std::nearbyint(x);
  if (x >= s.low() && x <= s.high(n)) return x;
  if (s.padding == "border") return x > 0 ? std::min(x, size - 1) : 0;
  return s.padding == "reflection" && std::isfinite(x) ? reflected(x, s.low(), s.high(n)) : x;
}

// Element i of an axis of n, or -1 when it lies outside.
int64_t element(const Sampling& s, double i, int64_t n) {
  const auto last = static_cast<double>(n - 1);
  if (s.padding == "border") return static_cast<int64_t>(std::clamp(i, 0.0, last));
  if (s.padding == "reflection") {
    return static_cast<int64_t>(std::clamp(std::trunc(reflected(i, s.low(), s.high(n))), 0.0, last));
  }
  return i >= 0 && i <= last ? static_cast<int64_t>(i) : -1;
}

// Elements of one axis around x, with their weights; cubic convolution has the coefficient -0.75.
std::vector<Tap> axis_taps(const Sampling& s, double x, int64_t n) {
  if (!(std::fabs(x) < 0x1p52)) return {};  // NaN, or far outside
  if (s.nearest) return {{element(s, x, n), 1}};
  const double first = std::floor(x), t = x - first;
  if (!s.cubic) return {{element(s, first, n), 1 - t}, {element(s, first + 1, n), t}};
  constexpr double a = -0.75;
  const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {{element(s, first - 1, n), far(t + 1)},
          {element(s, first, n), near(t)},
          {element(s, first + 1, n), near(1 - t)},
          {element(s, first + 2, n), far(2 - t)}};
}

// All elements of a plane that one place of the grid takes from.
template <class T>
std::vector<Tap> taps_of(const Sampling& s, const T* place_in_grid, DimsView dims) {
  std::vector<Tap> taps{{0, 1}};
  const size_t axes = dims.size();
  for (size_t i = 0; i < axes; ++i) {
    std::vector<Tap> next;
    const double x = place(s, kit::widen(place_in_grid[axes - 1 - i]), dims[i]);
    for (const Tap& along : axis_taps(s, x, dims[i])) {
      if (along.index < 0) continue;
      for (const Tap& tap : taps) next.push_back({tap.index * dims[i] + along.index, tap.weight * along.weight});
    }
    taps = std::move(next);
  }
  return taps;
}

template <class T>
T sample(const std::vector<Tap>& taps, const T* plane, bool nearest) {
  if (nearest) return taps.empty() ? T{} : plane[taps[0].index];
  if constexpr (kit::is_float<T>) {
    double sum = 0;
    for (const Tap& tap : taps) sum += tap.weight * kit::widen(plane[tap.index]);
    return kit::narrow<T>(sum);
  } else {
    fail(TENON_INTERNAL, "nothing but floats is interpolated");
  }
}

std::string refuse(const plugin::Node& node) {
  const std::string_view mode = node.attr_string("mode", "linear"), padding = node.attr_string("padding_mode", "zeros");
  if (mode != "nearest" && mode != "linear" && mode != "cubic") {
    return plugin::cat("attribute 'mode' is '", mode, "', expected nearest, linear or cubic");
  }
  if (padding != "zeros" && padding != "border" && padding != "reflection") {
    return plugin::cat("attribute 'padding_mode' is '", padding, "', expected zeros, border or reflection");
  }
  const kit::DtypeSet floats = kit::kFloats;
  return mode == "nearest" || floats.has(node.input(0).dtype())
             ? ""
             : plugin::cat("attribute 'mode' is '", mode, "', which needs floats to interpolate");
}

void run(Context& c) {
  const Input &x = c.input(0), &grid = c.input(1);
  require(x.rank() >= 3 && grid.rank() == x.rank() && grid.dim(0) == x.dim(0) && grid.dims().back() == x.rank() - 2,
          TENON_RUN, "X and the grid have dims ", DimsView(x.dims()), " and ", DimsView(grid.dims()),
          ", which do not fit");
  const DimsView spatial = DimsView(x.dims()).subspan(2);
  Dims dims{x.dim(0), x.dim(1)};
  dims.insert(dims.end(), grid.dims().begin() + 1, grid.dims().end() - 1);
  Output& y = c.output(0, dims);
  if (y.count() == 0) return;
  require(kit::count(spatial) != 0, TENON_RUN, "X has dims ", DimsView(x.dims()), " and no element to sample");
  const Sampling s(c.attributes());
  const int64_t places = kit::count(DimsView(dims).subspan(2)), plane = kit::count(spatial), channels = x.dim(1);
  kit::dispatch(kit::kAllBasic, x.dtype(), [&]<class T>(Tag<T>) {
    kit::dispatch(kit::kFloats, grid.dtype(), [&]<class G>(Tag<G>) {
      c.parallel_for(x.dim(0) * places, [&](int64_t i) {
        if (i % 256 == 0) c.check();
        const std::vector<Tap> taps = taps_of(s, grid.data<G>() + i * (x.rank() - 2), spatial);
        for (int64_t k = 0; k < channels; ++k) {
          const int64_t at = i / places * channels + k;
          y.data<T>()[at * places + i % places] = sample(taps, x.data<T>() + at * plane, s.nearest);
        }
      });
    });
  });
}

}  // namespace

TENON_OPERATOR(gridsample){
    .name = "GridSample",
    .form = 20,
    .types = {{"T1", kit::kAllBasic}, {"T2", kit::kFloats}},
    .inputs = {"T1", "T2"},
    .outputs = {"T1"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
