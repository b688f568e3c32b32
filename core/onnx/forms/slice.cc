// SPDX-License-Identifier: Apache-2.0
// Slice before opset 10 has starts, ends and axes as attributes.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_slice(Raise& raise) {
  const std::vector<int64_t> starts = raise.node.ints_or("starts", {});
  const std::vector<int64_t> ends = raise.node.ints_or("ends", {});
  const Attribute* axes = raise.node.attribute("axes");
  raise.node.inputs = {raise.node.inputs[0], raise.int64s("starts", starts), raise.int64s("ends", ends)};
  if (axes != nullptr) {
    raise.node.inputs.push_back(raise.int64s("axes", axes->ints));
  }
  raise.node.attributes.clear();
  return {};
}

}  // namespace tenon::forms
