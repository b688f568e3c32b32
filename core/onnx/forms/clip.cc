// SPDX-License-Identifier: Apache-2.0
// Clip before opset 11 has its bounds as attributes. Those of opsets 6 to 10 are the largest finite float by default,
// which keeps infinity out: they stay.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_clip(Raise& raise) {
  raise.node.erase_attribute("consumed_inputs");
  const Dtype dtype = raise.type(0).dtype;
  raise.node.inputs.resize(3, kNone);
  const char* names[] = {"min", "max"};
  for (size_t i = 0; i < 2; ++i) {
    const Attribute* bound = raise.node.attribute(names[i]);
    if (bound == nullptr) {
      continue;
    }
    raise.node.inputs[1 + i] = raise.scalar(names[i], dtype, bound->f);
    if (raise.node.inputs[1 + i] == kNone) {
      return raise.refuse("the element type of its input is not known");
    }
    raise.node.erase_attribute(names[i]);
  }
  return {};
}

}  // namespace tenon::forms
