// SPDX-License-Identifier: Apache-2.0
// ai.onnx Softmax, form 13: exp(x - m) / sum(exp(x - m)) along `axis`, m the largest of it.
#include <cmath>
#include <limits>

#include "operator.hpp"

namespace tenon::reference {
namespace {

// One line of n elements, `step` apart.
template <class T>
void softmax(const T* x, T* y, int64_t n, int64_t step) {
  double most = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < n; ++i) most = std::fmax(most, kit::widen(x[i * step]));
  std::vector<double> power(static_cast<size_t>(n));
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    power[static_cast<size_t>(i)] = std::exp(kit::widen(x[i * step]) - most);
    sum += power[static_cast<size_t>(i)];
  }
  for (int64_t i = 0; i < n; ++i) y[i * step] = kit::narrow<T>(power[static_cast<size_t>(i)] / sum);
}

void run(Context& c) {
  const Input& x = c.input(0);
  Output& y = c.output(0, x.dims());
  if (x.count() == 0) return;
  const int64_t axis = kit::normal_axis(c.attributes().integer("axis", -1), x.rank(), "attribute 'axis'");
  const int64_t n = x.dim(axis);
  const int64_t inner = kit::dense_strides(x.dims())[static_cast<size_t>(axis)];
  const int64_t outer = x.count() / (n * inner);
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(outer, [&](int64_t o) {
      for (int64_t i = 0; i < inner; ++i) {
        if (i % 64 == 0) c.check();
        const int64_t first = o * n * inner + i;
        softmax(x.data<T>() + first, y.data<T>() + first, n, inner);
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(softmax){
    .name = "Softmax",
    .form = 13,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
