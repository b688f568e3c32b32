// SPDX-License-Identifier: Apache-2.0
// BatchNormalization before opset 14: one output means inference. `spatial` 0 (opsets 1 to 8) had statistics for every
// element of a sample, which no later form has, except where there is nothing but the channel axis.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_batch_normalization(Raise& raise) {
  for (size_t output = 1; output < raise.node.outputs.size(); ++output) {
    if (raise.has_output(output)) {
      return raise.refuse("its outputs for training have no later form");
    }
  }
  const int64_t rank = raise.rank(0);
  if (raise.node.int_or("spatial", 1) == 0 && (rank < 0 || rank > 2)) {
    return raise.refuse("spatial = 0 has no later form");
  }
  raise.node.outputs.resize(1);
  raise.node.erase_attribute("consumed_inputs");
  raise.node.erase_attribute("is_test");
  raise.node.erase_attribute("spatial");
  return {};
}

}  // namespace tenon::forms
