// SPDX-License-Identifier: Apache-2.0
// BatchNormalization before opset 14 has no training_mode: one output means inference (since 7; before, is_test said
// so).
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_batch_normalization(Lower& lower) {
  if (lower.form >= 14) {
    return {};
  }
  if (lower.form < 6) {
    return lower.refuse("before opset 6 it needs hints about memory");
  }
  if (lower.node.int_or("training_mode", 0) != 0) {
    return lower.refuse("before opset 14 training is another node");
  }
  lower.node.outputs.resize(1);
  lower.node.erase_attribute("training_mode");
  if (lower.form < 7) {
    lower.node.set_int("is_test", 1);
  }
  return {};
}

}  // namespace tenon::lowering
