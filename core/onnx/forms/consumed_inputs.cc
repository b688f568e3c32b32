// SPDX-License-Identifier: Apache-2.0
// Abs, Ceil, Elu, Exp, ... of opsets 1 to 5: `consumed_inputs` was a hint for memory reuse and never meant a value.
// Max, Mean, Min and Sum of opsets 1 to 7 took equal shapes only, which broadcasting leaves as they are.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status drop_consumed_inputs(Raise& raise) {
  raise.node.erase_attribute("consumed_inputs");
  return {};
}

// MaxPool 8 added an optional output, OptionalHasElement 18 and Attention 24 made or added an optional input.
Status same_node(Raise&) { return {}; }

}  // namespace tenon::forms
