// SPDX-License-Identifier: Apache-2.0
// ai.onnx RoiAlign, form 16: regions of X [N, C, H, W] as images [regions, C, output_height, output_width]: in each bin
// the mean (or, mode max, the largest weighted pixel) of sampling_ratio x sampling_ratio points between pixels (as many
// as the bin has pixels when it is 0).
#include <algorithm>
#include <cmath>

#include "operator.hpp"

namespace tenon::reference {
namespace {

struct Regions {
  int64_t height, width, bins_high, bins_wide, ratio;
  double scale;
  bool half_pixel, largest;
};

// Four pixels around a point and their weights; weights of 0 outside.
struct Point {
  int64_t index[4] = {};
  double weight[4] = {};
};

Point point(const Regions& r, double y, double x) {
  Point p;
  const auto high = static_cast<double>(r.height), wide = static_cast<double>(r.width);
  if (!(y >= -1 && y <= high && x >= -1 && x <= wide)) return p;
  y = std::min(std::max(y, 0.0), high - 1);
  x = std::min(std::max(x, 0.0), wide - 1);
  const auto top = static_cast<int64_t>(y), left = static_cast<int64_t>(x);
  const int64_t bottom = std::min(top + 1, r.height - 1), right = std::min(left + 1, r.width - 1);
  const double down = y - static_cast<double>(top), across = x - static_cast<double>(left);
  const int64_t index[4] = {top * r.width + left, top * r.width + right, bottom * r.width + left,
                            bottom * r.width + right};
  const double weight[4] = {(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across};
  std::copy_n(index, 4, p.index);
  std::copy_n(weight, 4, p.weight);
  return p;
}

// One region [x1, y1, x2, y2] cut into bins, each with rows x columns points.
struct Cut {
  double top, left, bin_high, bin_wide;
  int64_t rows, columns;
};

template <class T>
Cut cut(const Regions& r, const T* region) {
  const double offset = r.half_pixel ? 0.5 : 0;
  const double left = kit::widen(region[0]) * r.scale - offset, top = kit::widen(region[1]) * r.scale - offset;
  double wide = kit::widen(region[2]) * r.scale - offset - left, high = kit::widen(region[3]) * r.scale - offset - top;
  if (!r.half_pixel) {
    wide = std::max(wide, 1.0);
    high = std::max(high, 1.0);
  }
  const auto count = [&](double bin) {
    if (r.ratio > 0) return r.ratio;
    require(bin < 0x1p20, TENON_RUN, "a region has bins of ", bin, " pixels");
    return bin > 0 ? static_cast<int64_t>(std::ceil(bin)) : int64_t{0};
  };
  const double bin_high = high / static_cast<double>(r.bins_high), bin_wide = wide / static_cast<double>(r.bins_wide);
  return {top, left, bin_high, bin_wide, count(bin_high), count(bin_wide)};
}

// What a bin at (row, column) makes of one plane.
template <class T>
double pooled(const Context& c, const Regions& r, const Cut& cut, int64_t row, int64_t column, const T* plane) {
  double sum = 0;
  bool first = true;
  for (int64_t i = 0; i < cut.rows; ++i) {
    c.check();
    const double down = static_cast<double>(row) + (static_cast<double>(i) + 0.5) / static_cast<double>(cut.rows);
    for (int64_t j = 0; j < cut.columns; ++j) {
      const double across =
          static_cast<double>(column) + (static_cast<double>(j) + 0.5) / static_cast<double>(cut.columns);
      const Point p = point(r, cut.top + down * cut.bin_high, cut.left + across * cut.bin_wide);
      for (size_t k = 0; k < 4; ++k) {
        const double part = p.weight[k] * kit::widen(plane[p.index[k]]);
        sum = !r.largest ? sum + part : first ? part : std::max(sum, part);
        first = false;
      }
    }
  }
  if (r.largest || first) return sum;
  return sum / (static_cast<double>(cut.rows) * static_cast<double>(cut.columns));
}

std::string refuse(const plugin::Node& node) {
  const std::string_view mode = node.attr_string("mode", "avg");
  const std::string_view way = node.attr_string("coordinate_transformation_mode", "half_pixel");
  if (mode != "avg" && mode != "max") return plugin::cat("attribute 'mode' is '", mode, "', expected avg or max");
  if (way == "half_pixel" || way == "output_half_pixel") return {};
  return plugin::cat("attribute 'coordinate_transformation_mode' is '", way,
                     "', expected half_pixel or output_half_pixel");
}

void run(Context& c) {
  const Input &x = c.input(0), &regions = c.input(1);
  const Dims batch = c.integers(2);
  const auto n = static_cast<int64_t>(batch.size());
  const kit::Attributes& a = c.attributes();
  require(x.rank() == 4 && regions.dims() == Dims{n, 4}, TENON_RUN, "X and the regions have dims ", DimsView(x.dims()),
          " and ", DimsView(regions.dims()), ", expected rank 4 and [", n, ",4]");
  const Regions r{x.dim(2),
                  x.dim(3),
                  a.integer("output_height", 1),
                  a.integer("output_width", 1),
                  a.integer("sampling_ratio", 0),
                  a.number("spatial_scale", 1),
                  a.string("coordinate_transformation_mode", "half_pixel") == "half_pixel",
                  a.string("mode", "avg") == "max"};
  require(r.bins_high > 0 && r.bins_wide > 0 && r.ratio >= 0 && r.ratio < 1 << 20, TENON_RUN, "an output of ",
          r.bins_high, " x ", r.bins_wide, " with sampling_ratio ", r.ratio, " can't be made");
  Output& y = c.output(0, {n, x.dim(1), r.bins_high, r.bins_wide});
  if (y.count() == 0) return;
  require(r.height > 0 && r.width > 0, TENON_RUN, "X has no pixels");
  const int64_t bins = r.bins_high * r.bins_wide, plane = r.height * r.width;
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(n, [&](int64_t i) {
      const Cut region = cut(r, regions.data<T>() + i * 4);
      const int64_t image = kit::normal_axis(batch[static_cast<size_t>(i)], x.dim(0), "a batch index");
      for (int64_t k = 0; k < x.dim(1); ++k) {
        const T* from = x.data<T>() + (image * x.dim(1) + k) * plane;
        for (int64_t bin = 0; bin < bins; ++bin) {
          y.data<T>()[(i * x.dim(1) + k) * bins + bin] =
              kit::narrow<T>(pooled(c, r, region, bin / r.bins_wide, bin % r.bins_wide, from));
        }
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(roialign){
    .name = "RoiAlign",
    .form = 16,
    .types = {{"T1", kit::kFloats}, {"T2", kit::Types<int64_t>{}}},
    .inputs = {"T1", "T1", "T2"},
    .outputs = {"T1"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
