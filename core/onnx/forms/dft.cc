// SPDX-License-Identifier: Apache-2.0
// DFT of opsets 17 to 19 has its axis as an attribute (default 1); later it is an input with another default.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_dft(Raise& raise) {
  const int64_t axis = raise.node.int_or("axis", 1);
  raise.node.erase_attribute("axis");
  raise.node.inputs.resize(2, kNone);
  raise.node.inputs.push_back(raise.constant("axis", make_int64_constant({}, {axis})));
  return {};
}

}  // namespace tenon::forms
