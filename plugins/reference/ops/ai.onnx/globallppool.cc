// SPDX-License-Identifier: Apache-2.0
// ai.onnx GlobalLpPool, form 2: the length of each plane: the p-th root of the sum of magnitudes to the p.
#include <cmath>

#include "pool.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  const int64_t plane = kit::count(spatial_dims(x));
  const auto p = static_cast<double>(c.attributes().integer("p", 2));
  Dims dims(x.dims().size(), 1);
  std::copy_n(x.dims().begin(), 2, dims.begin());
  Output& y = c.output(0, dims);
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(y.count(), [&](int64_t o) {
      double sum = 0;
      for (int64_t i = 0; i < plane; ++i) sum += std::pow(std::fabs(kit::widen(x.data<T>()[o * plane + i])), p);
      y.data<T>()[o] = kit::narrow<T>(std::pow(sum, 1 / p));
    });
  });
}

}  // namespace

TENON_OPERATOR(globallppool){
    .name = "GlobalLpPool",
    .form = 2,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
