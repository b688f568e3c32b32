// SPDX-License-Identifier: Apache-2.0
// ai.onnx LpNormalization, form 1: X over the length of its line along `axis`: the sum of magnitudes (p = 1) or the
// root of the sum of squares (p = 2); a line of zeros stays one.
#include <cmath>

#include "lines.hpp"

namespace tenon::reference {
namespace {

template <class T>
void line(const T* x, T* y, int64_t n, int64_t step, int64_t p) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double value = kit::widen(x[i * step]);
    sum += p == 1 ? std::fabs(value) : value * value;
  }
  const double length = p == 1 ? sum : std::sqrt(sum);
  for (int64_t i = 0; i < n; ++i) y[i * step] = kit::narrow<T>(length == 0 ? 0 : kit::widen(x[i * step]) / length);
}

std::string refuse(const plugin::Node& node) {
  const int64_t p = node.attr_int("p", 2);
  return p == 1 || p == 2 ? "" : plugin::cat("attribute 'p' is ", p, ", expected 1 or 2");
}

void run(Context& c) {
  const int64_t p = c.attributes().integer("p", 2);
  each_line(c, [p]<class T>(const T* x, T* y, int64_t n, int64_t step) { line(x, y, n, step, p); });
}

}  // namespace

TENON_OPERATOR(lpnormalization){
    .name = "LpNormalization",
    .form = 1,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
