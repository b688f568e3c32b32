// SPDX-License-Identifier: Apache-2.0
// ai.onnx ConstantOfShape, form 9: a tensor of the dims in the input, each element the one of attribute `value` (a
// float of 0 by default).
#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kNumbers + kit::Types<kit::Bool>{} + kit::kNarrow;
constexpr int64_t kPiece = int64_t{1} << 20;  // elements between two looks at the deadline

std::string refuse(const plugin::Node& node) {
  const tenon_tensor* value = node.attr_tensor("value");
  const uint32_t dtype = value == nullptr ? TENON_FLOAT32 : value->dtype;
  if (value != nullptr && kit::count({value->dims, value->rank}) != 1) {
    return plugin::cat("attribute 'value' has dims ", DimsView(value->dims, value->rank), ", expected one element");
  }
  const plugin::Value output = node.output(0);
  if (!output || output.dtype() == dtype) return {};
  return plugin::cat("attribute 'value' is ", plugin::dtype_name(dtype), ", but the output ",
                     plugin::dtype_name(output.dtype()));
}

void run(Context& c) {
  const Dims dims = c.integers(0);
  for (const int64_t d : dims) require(d >= 0, TENON_RUN, "the input has the dim ", d, ", expected 0 or more");
  Output& y = c.output(0, dims);
  constexpr float zero = 0;
  std::optional<Input> value;
  if (const tenon_tensor* t = c.attributes().tensor("value")) value.emplace(*t);
  const void* element = value ? static_cast<const void*>(value->raw()) : &zero;
  for (int64_t begin = 0; begin < y.count(); begin += kPiece) {
    c.check();
    const int64_t n = std::min(kPiece, y.count() - begin);
    kit::copy(y.element_bytes(), Dims{n}, y.raw() + begin * y.element_bytes(), {1}, element, {0});
  }
}

}  // namespace

TENON_OPERATOR(constantofshape){
    .name = "ConstantOfShape",
    .form = 9,
    .types = {{"T1", kit::Types<int64_t>{}}, {"T2", kTypes}},
    .inputs = {"T1"},
    .outputs = {"T2"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
