// SPDX-License-Identifier: Apache-2.0
// Concat of opsets 1 to 3 joins along axis 1 unless it says otherwise.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_concat(Raise& raise) {
  if (raise.node.attribute("axis") == nullptr) {
    raise.node.set_int("axis", 1);
  }
  return {};
}

}  // namespace tenon::forms
