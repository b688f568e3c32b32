// SPDX-License-Identifier: Apache-2.0
// Dropout before opset 12: a copy at inference, which is all there is since opset 7; before, `is_test` said so. Its
// mask was of the data's type before opset 10 and not filled in at inference.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_dropout(Raise& raise) {
  if (raise.form < 7 && raise.node.int_or("is_test", 0) == 0) {
    return raise.refuse("is_test is 0: it draws random numbers in a way that was never defined");
  }
  if (raise.form < 10 && raise.output_read(1)) {
    return raise.refuse("its mask has no later form");
  }
  if (raise.form < 10) {
    raise.node.outputs.resize(1);
  }
  raise.node.erase_attribute("consumed_inputs");
  raise.node.erase_attribute("is_test");
  raise.node.erase_attribute("ratio");
  return {};
}

}  // namespace tenon::forms
