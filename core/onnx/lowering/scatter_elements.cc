// SPDX-License-Identifier: Apache-2.0
// ScatterElements is Scatter in opsets 9 and 10.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_scatter_elements(Lower& lower) {
  if (lower.form != 0) {
    return {};
  }
  if (lower.opset < 9 || lower.node.string_or("reduction", "none") != "none") {
    return lower.refuse("there is no such operator before opset 11, but for Scatter without a reduction from 9 on");
  }
  lower.node.op = "Scatter";
  lower.node.erase_attribute("reduction");
  return {};
}

}  // namespace tenon::lowering
