// SPDX-License-Identifier: Apache-2.0
// Dropout before opset 12 copies at inference, which is all there is; its mask was of another type before opset 10.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_dropout(Lower& lower) {
  if (lower.form >= 12) {
    return {};
  }
  std::vector<int64_t> training = {0};
  if (lower.has_input(2) && (!lower.integers(2, &training) || training != std::vector<int64_t>{0})) {
    return lower.refuse("before opset 12 it does nothing but at training");
  }
  // Runtimes fill in another mask than that of opset 12, which opset 10 did not define.
  if (lower.has_output(1) && (lower.form < 10 || lower.targets.own_opset >= 12)) {
    return lower.refuse("before opset 12 its mask means something else");
  }
  if (lower.form < 6) {
    return lower.refuse("before opset 6 it needs hints about memory");
  }
  lower.keep_inputs(1);
  if (lower.form < 10) {
    lower.node.outputs.resize(1);
  }
  lower.node.erase_attribute("seed");
  if (lower.form < 7) {
    lower.node.set_int("is_test", 1);
  }
  return {};
}

}  // namespace tenon::lowering
