// SPDX-License-Identifier: Apache-2.0
// Scatter of opsets 9 and 10 is ScatterElements since.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_scatter(Raise& raise) {
  raise.node.op = "ScatterElements";
  return {};
}

}  // namespace tenon::forms
