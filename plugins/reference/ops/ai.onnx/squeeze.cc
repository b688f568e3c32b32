// SPDX-License-Identifier: Apache-2.0
// ai.onnx Squeeze, form 13: the same elements without the axes that input 1 names, each of dim 1; without input 1, all
// of dim 1.
#include "operator.hpp"

namespace tenon::reference {
namespace {

Dims squeezed(const Input& x, const Dims& axes) {
  Dims out;
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) {
      out.push_back(x.dim(i));
    } else {
      require(x.dim(i) == 1, TENON_RUN, "axis ", i, " of dims ", DimsView(x.dims()), " has ", x.dim(i),
              " entries, expected 1");
    }
  }
  return out;
}

void run(Context& c) {
  const Input& x = c.input(0);
  Dims axes;
  if (c.has_input(1)) {
    axes = kit::normal_axes(c.integers(1), x.rank(), "input 'axes'");
  } else {
    for (int64_t i = 0; i < x.rank(); ++i) {
      if (x.dim(i) == 1) axes.push_back(i);
    }
  }
  Output& y = c.output(0, squeezed(x, axes));
  kit::copy(x.element_bytes(), Dims{x.count()}, y.raw(), {1}, x.raw(), {1});
}

}  // namespace

TENON_OPERATOR(squeeze){
    .name = "Squeeze",
    .form = 13,
    .types = {{"T", kit::kAll}},
    .inputs = {"T", "int64?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
