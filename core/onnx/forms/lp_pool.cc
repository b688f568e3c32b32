// SPDX-License-Identifier: Apache-2.0
// LpPool and GlobalLpPool of opset 1 have a float p.
#include <cmath>

#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_lp_pool(Raise& raise) {
  const float p = raise.node.float_or("p", 2);
  if (!(p >= 1 && p <= 1e6F) || p != std::floor(p)) {
    return raise.refuse("its p is no positive integer");
  }
  if (raise.node.is("LpPool") && raise.node.attribute("kernel_shape") == nullptr) {
    return raise.refuse("it has no kernel_shape");
  }
  raise.node.set_int("p", static_cast<int64_t>(p));
  return {};
}

}  // namespace tenon::forms
