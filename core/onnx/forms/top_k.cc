// SPDX-License-Identifier: Apache-2.0
// TopK before opset 10 has k as an attribute.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_top_k(Raise& raise) {
  raise.node.inputs = {raise.node.inputs[0], raise.int64s("k", {raise.node.int_or("k", 0)})};
  raise.node.erase_attribute("k");
  return {};
}

}  // namespace tenon::forms
