// SPDX-License-Identifier: Apache-2.0
// ai.onnx AffineGrid, form 20: theta [N, 2, 3] (or [N, 3, 4]) applied to the pixels of an image of `size` [N, C, H, W]
// (or with D before H), whose coordinates go from -1 to 1: [N, H, W, 2] places for GridSample.
#include "pool.hpp"

namespace tenon::reference {
namespace {

// Of pixel i of n: from -1 to 1, on the outermost pixels' centres when `align`, else on their edges.
double coordinate(int64_t i, int64_t n, bool align) {
  const auto at = static_cast<double>(i), size = static_cast<double>(n);
  if (align) return n == 1 ? -1 : 2 * at / (size - 1) - 1;
  return (2 * at + 1) / size - 1;
}

void run(Context& c) {
  const Input& theta = c.input(0);
  const Dims size = c.integers(1);
  require(size.size() == 4 || size.size() == 5, TENON_RUN, "size has ", size.size(), " entries, expected 4 or 5");
  const auto axes = static_cast<int64_t>(size.size()) - 2;
  require(theta.dims() == Dims{size[0], axes, axes + 1}, TENON_RUN, "theta has dims ", DimsView(theta.dims()),
          ", expected [", size[0], ",", axes, ",", axes + 1, "]");
  const DimsView spatial = DimsView(size).subspan(2);
  const bool align = c.attributes().flag("align_corners");
  Dims dims{size[0]};
  dims.insert(dims.end(), spatial.begin(), spatial.end());
  dims.push_back(axes);
  Output& y = c.output(0, dims);
  const int64_t places = kit::count(spatial);
  kit::dispatch(kit::kFloats, y.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t i = 0; i < size[0] * places; ++i) {
      if (i % 4096 == 0) c.check();
      const Dims index = unflatten(i % places, spatial);
      const T* rows = theta.data<T>() + i / places * axes * (axes + 1);
      for (int64_t r = 0; r < axes; ++r) {
        const T* row = rows + r * (axes + 1);
        double sum = kit::widen(row[axes]);
        // The first column is for the last spatial axis.
        for (int64_t a = 0; a < axes; ++a) {
          const auto at = static_cast<size_t>(axes - 1 - a);
          sum += kit::widen(row[a]) * coordinate(index[at], spatial[at], align);
        }
        y.data<T>()[i * axes + r] = kit::narrow<T>(sum);
      }
    }
  });
}

}  // namespace

TENON_OPERATOR(affinegrid){
    .name = "AffineGrid",
    .form = 20,
    .types = {{"T1", kit::kFloats}, {"T2", kit::Types<int64_t>{}}},
    .inputs = {"T1", "T2"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
