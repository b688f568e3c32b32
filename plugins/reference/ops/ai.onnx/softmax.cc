// SPDX-License-Identifier: Apache-2.0
// ai.onnx Softmax, form 13: exp(x - m) / sum(exp(x - m)) along `axis`, m the largest of it.
#include <cmath>
#include <limits>

#include "lines.hpp"

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
  each_line(c, []<class T>(const T* x, T* y, int64_t n, int64_t step) { softmax(x, y, n, step); });
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
