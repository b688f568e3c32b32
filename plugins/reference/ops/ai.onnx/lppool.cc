// SPDX-License-Identifier: Apache-2.0
// ai.onnx LpPool, form 2: the length of each window: the p-th root of the sum of magnitudes to the p; padding adds
// nothing.
#include <cmath>

#include "pool.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Window w = pool_window(c);
  const auto p = static_cast<double>(c.attributes().integer("p", 2));
  const Input& x = c.input(0);
  Output& y = c.output(0, pool_dims(x, w));
  const int64_t in_plane = kit::count(w.in), out_plane = kit::count(w.out);
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(x.dim(0) * x.dim(1), [&](int64_t plane) {
      for (int64_t o = 0; o < out_plane; ++o) {
        if (o % 256 == 0) c.check();
        double sum = 0;
        for_window(w, unflatten(o, w.out),
                   [&](int64_t i) { sum += std::pow(std::fabs(kit::widen(x.data<T>()[plane * in_plane + i])), p); });
        y.data<T>()[plane * out_plane + o] = kit::narrow<T>(std::pow(sum, 1 / p));
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(lppool){
    .name = "LpPool",
    .form = 2,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
