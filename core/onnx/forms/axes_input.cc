// SPDX-License-Identifier: Apache-2.0
// Squeeze and Unsqueeze before opset 13, ReduceSum before 13 and the other reductions before 18 have `axes` as an
// attribute.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_axes_to_input(Raise& raise) {
  const Attribute* axes = raise.node.attribute("axes");
  raise.node.inputs.resize(1);
  if (axes != nullptr) {
    raise.node.inputs.push_back(raise.int64s("axes", axes->ints));
    raise.node.erase_attribute("axes");
  }
  return {};
}

}  // namespace tenon::forms
