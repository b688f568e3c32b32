// SPDX-License-Identifier: Apache-2.0
// Gemm of opsets 1 to 6 asked for the broadcasting of C that later ones always do; C became optional in opset 11.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_gemm(Raise& raise) {
  raise.node.erase_attribute("broadcast");
  return {};
}

}  // namespace tenon::forms
