// SPDX-License-Identifier: Apache-2.0
// ai.onnx Hardmax, form 13: 1 at the first largest element along `axis`, 0 elsewhere.
#include "operator.hpp"

namespace tenon::reference {
namespace {

template <class T>
void line(const T* x, T* y, int64_t n, int64_t step) {
  int64_t at = 0;
  for (int64_t i = 1; i < n; ++i) {
    if (kit::widen(x[i * step]) > kit::widen(x[at * step])) at = i;
  }
  for (int64_t i = 0; i < n; ++i) y[i * step] = kit::narrow<T>(i == at ? 1 : 0);
}

void run(Context& c) {
  const Input& x = c.input(0);
  const int64_t axis = kit::normal_axis(c.attributes().integer("axis", -1), x.rank(), "attribute 'axis'");
  Output& y = c.output(0, x.dims());
  if (x.count() == 0) return;
  const int64_t n = x.dim(axis), step = kit::dense_strides(x.dims())[static_cast<size_t>(axis)];
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(x.count() / n, [&](int64_t i) {
      c.check();
      const int64_t first = i / step * n * step + i % step;
      line(x.data<T>() + first, y.data<T>() + first, n, step);
    });
  });
}

}  // namespace

TENON_OPERATOR(hardmax){
    .name = "Hardmax",
    .form = 13,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
