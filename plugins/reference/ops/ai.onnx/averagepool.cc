// SPDX-License-Identifier: Apache-2.0
// ai.onnx AveragePool, form 1: the mean of each window's elements, padding left out unless count_include_pad.
#include "pool.hpp"

namespace tenon::reference {
namespace {

template <class T>
void pool(const Context& c, const Window& w, const T* x, T* y) {
  const int64_t in_plane = kit::count(w.in);
  const int64_t out_plane = kit::count(w.out);
  const bool with_padding = c.attributes().flag("count_include_pad");
  c.parallel_for(c.input(0).dim(0) * c.input(0).dim(1), [&](int64_t plane) {
    for (int64_t o = 0; o < out_plane; ++o) {
      if (o % 256 == 0) c.check();
      double sum = 0;
      int64_t n = 0;
      const int64_t padded = for_window(w, unflatten(o, w.out), [&](int64_t i) {
        sum += kit::widen(x[plane * in_plane + i]);
        ++n;
      });
      y[plane * out_plane + o] = kit::narrow<T>(sum / static_cast<double>(with_padding ? padded : n));
    }
  });
}

void run(Context& c) {
  const Window w = pool_window(c);
  Output& y = c.output(0, pool_dims(c.input(0), w));
  kit::dispatch(kit::kFloats, y.dtype(), [&]<class T>(Tag<T>) { pool(c, w, c.input(0).data<T>(), y.data<T>()); });
}

}  // namespace

TENON_OPERATOR(averagepool){
    .name = "AveragePool",
    .form = 1,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
