// SPDX-License-Identifier: Apache-2.0
// ai.onnx GlobalMaxPool, form 1: the largest of each plane, X [N, C, D1...] -> Y [N, C, 1...]. NaN wins.
#include <algorithm>

#include "pool.hpp"
#include "reduce.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  const int64_t plane = kit::count(spatial_dims(x));
  Dims dims(x.dims().size(), 1);
  std::copy_n(x.dims().begin(), 2, dims.begin());
  Output& y = c.output(0, dims);
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(y.count(), [&](int64_t o) {
      double most = least<T>();
      for (int64_t i = 0; i < plane; ++i) {
        const double v = kit::widen(x.data<T>()[o * plane + i]);
        if (v > most || v != v) most = v;
      }
      y.data<T>()[o] = kit::narrow<T>(most);
    });
  });
}

}  // namespace

TENON_OPERATOR(globalmaxpool){
    .name = "GlobalMaxPool",
    .form = 1,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
