// SPDX-License-Identifier: Apache-2.0
// ai.onnx Hardmax, form 13: 1 at the first largest element along `axis`, 0 elsewhere.
#include "lines.hpp"

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
  each_line(c, []<class T>(const T* x, T* y, int64_t n, int64_t step) { line(x, y, n, step); });
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
