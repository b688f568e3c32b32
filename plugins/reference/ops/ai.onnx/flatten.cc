// SPDX-License-Identifier: Apache-2.0
// ai.onnx Flatten, form 1: the same elements as a matrix; the axes before `axis` become its rows, the others its
// columns.
#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  int64_t axis = c.attributes().integer("axis", 1);
  require(axis >= -x.rank() && axis <= x.rank(), TENON_RUN, "attribute 'axis' is ", axis, ", expected one in [",
          -x.rank(), ", ", x.rank(), "]");
  if (axis < 0) axis += x.rank();
  const DimsView dims(x.dims());
  const auto cut = static_cast<size_t>(axis);
  Output& y = c.output(0, {kit::count(dims.first(cut)), kit::count(dims.subspan(cut))});
  kit::copy(x.element_bytes(), Dims{x.count()}, y.raw(), {1}, x.raw(), {1});
}

}  // namespace

TENON_OPERATOR(flatten){
    .name = "Flatten",
    .form = 1,
    .types = {{"T", kit::kAll}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
