// SPDX-License-Identifier: Apache-2.0
// ai.onnx Expand, form 8: the input broadcast with the dims in input 1; a 1 there keeps the input's dim.
#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  const Dims shape = c.integers(1);
  for (const int64_t d : shape) require(d >= 0, TENON_RUN, "shape has the dim ", d, ", expected 0 or more");
  Output& y = c.output(0, kit::broadcast(x.dims(), shape));
  kit::copy(x.element_bytes(), y.dims(), y.raw(), kit::dense_strides(y.dims()), x.raw(),
            kit::broadcast_strides(x.dims(), y.dims()));
}

}  // namespace

TENON_OPERATOR(expand){
    .name = "Expand",
    .form = 8,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T", "int64"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
