// SPDX-License-Identifier: Apache-2.0
// Scan of opset 8 has a batch axis and lengths of its sequences, which no later form has.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_scan(Raise& raise) { return raise.refuse("its batch axis and sequence lengths have no later form"); }

}  // namespace tenon::forms
