// SPDX-License-Identifier: Apache-2.0
// Pad before opset 11 has its sizes and value as attributes (opset 1: `paddings`); opset 18 added an optional input.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_pad(Raise& raise) {
  if (raise.form >= 11) {
    return {};
  }
  const std::vector<int64_t> pads = raise.node.ints_or(raise.form == 1 ? "paddings" : "pads", {});
  const float value = raise.node.float_or("value", 0);
  raise.node.inputs.resize(1);
  raise.node.inputs.push_back(raise.int64s("pads", pads));
  if (value != 0) {
    const ValueId constant = raise.scalar("value", raise.type(0).dtype, value);
    if (constant == kNone) {
      return raise.refuse("the element type of its input is not known");
    }
    raise.node.inputs.push_back(constant);
  }
  raise.node.erase_attribute("paddings");
  raise.node.erase_attribute("pads");
  raise.node.erase_attribute("value");
  return {};
}

}  // namespace tenon::forms
