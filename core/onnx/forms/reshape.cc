// SPDX-License-Identifier: Apache-2.0
// Reshape of opsets 1 to 4 has the shape as an attribute.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_reshape(Raise& raise) {
  const Attribute* shape = raise.node.attribute("shape");
  if (shape == nullptr) {
    return raise.refuse("it has no shape");
  }
  raise.node.inputs = {raise.node.inputs[0], raise.int64s("shape", shape->ints)};
  raise.node.erase_attribute("shape");
  raise.node.erase_attribute("consumed_inputs");
  return {};
}

}  // namespace tenon::forms
