// SPDX-License-Identifier: Apache-2.0
// Split before opset 13 has its sizes as an attribute (opset 1: also as floats in an input); without sizes the parts
// are equal and their number, since opset 18 an attribute, is that of the outputs.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_split(Raise& raise) {
  if (raise.form == 1 && raise.has_input(1)) {
    return raise.refuse("its sizes are floats in an input");
  }
  if (raise.form < 13) {
    const Attribute* sizes = raise.node.attribute("split");
    raise.node.inputs.resize(1);
    if (sizes != nullptr && !sizes->ints.empty()) {
      raise.node.inputs.push_back(raise.int64s("split", sizes->ints));
    }
    raise.node.erase_attribute("split");
  }
  if (!raise.has_input(1)) {
    raise.node.set_int("num_outputs", static_cast<int64_t>(raise.node.outputs.size()));
  }
  return {};
}

}  // namespace tenon::forms
