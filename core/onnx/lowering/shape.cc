// SPDX-License-Identifier: Apache-2.0
// Shape before opset 15 gives all dims: Slice takes those that are wanted.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_shape(Lower& lower) {
  const Attribute* end = lower.node.attribute("end");
  const int64_t start = lower.node.int_or("start", 0);
  if (lower.opset >= 15 || (start == 0 && end == nullptr)) {
    return {};
  }
  const int64_t stop = end == nullptr ? INT64_MAX : end->i;
  TENON_ASSIGN_OR_RETURN(const ValueId dims,
                         lower.emit("Shape", {lower.node.inputs[0]}, {}, Type::tensor(TENON_INT64)));
  lower.node.op = "Slice";
  lower.node.form = onnx_facts::current_form("ai.onnx", "Slice");
  lower.node.attributes.clear();
  lower.node.inputs = {dims, lower.constant("starts", make_int64_constant({1}, {start})),
                       lower.constant("ends", make_int64_constant({1}, {stop}))};
  return {};
}

}  // namespace tenon::lowering
