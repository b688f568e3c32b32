// SPDX-License-Identifier: Apache-2.0
// ai.onnx Concat, form 4: the inputs one after another along `axis`; their other dims are equal.
#include "operator.hpp"

namespace tenon::reference {
namespace {

Dims joined_dims(const Context& c, size_t axis) {
  Dims dims = c.input(0).dims();
  for (size_t i = 1; i < c.ninputs(); ++i) {
    const Dims& other = c.input(i).dims();
    Dims same = other;
    if (axis < same.size()) same[axis] = c.input(0).dim(static_cast<int64_t>(axis));
    require(same == c.input(0).dims(), TENON_RUN, "input ", i, " has dims ", DimsView(other), ", expected ",
            DimsView(c.input(0).dims()), " but for axis ", axis);
    dims[axis] = kit::checked_add(dims[axis], other[axis]);
  }
  return dims;
}

void run(Context& c) {
  const auto axis =
      static_cast<size_t>(kit::normal_axis(c.attributes().integer("axis"), c.input(0).rank(), "attribute 'axis'"));
  Output& y = c.output(0, joined_dims(c, axis));
  if (y.count() == 0) return;  // its other dims may be too large for any offset
  const Dims strides = kit::dense_strides(y.dims());
  int64_t begin = 0;
  for (size_t i = 0; i < c.ninputs(); ++i) {
    const Input& x = c.input(i);
    std::byte* target = y.raw() + begin * strides[axis] * y.element_bytes();
    kit::copy(x.element_bytes(), x.dims(), target, strides, x.raw(), kit::dense_strides(x.dims()));
    begin += x.dims()[axis];
    c.check();
  }
}

}  // namespace

TENON_OPERATOR(concat){
    .name = "Concat",
    .form = 4,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T..."},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
