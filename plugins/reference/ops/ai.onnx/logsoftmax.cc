// SPDX-License-Identifier: Apache-2.0
// ai.onnx LogSoftmax, form 13: x - m - ln(sum(exp(x - m))) along `axis`, m the largest of it.
#include <cmath>
#include <limits>

#include "lines.hpp"

namespace tenon::reference {
namespace {

template <class T>
void line(const T* x, T* y, int64_t n, int64_t step) {
  double most = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < n; ++i) most = std::fmax(most, kit::widen(x[i * step]));
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += std::exp(kit::widen(x[i * step]) - most);
  for (int64_t i = 0; i < n; ++i) y[i * step] = kit::narrow<T>(kit::widen(x[i * step]) - most - std::log(sum));
}

void run(Context& c) {
  each_line(c, []<class T>(const T* x, T* y, int64_t n, int64_t step) { line(x, y, n, step); });
}

}  // namespace

TENON_OPERATOR(logsoftmax){
    .name = "LogSoftmax",
    .form = 13,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
