// SPDX-License-Identifier: Apache-2.0
// Clip before opset 11 has its bounds as attributes. A bound that is absent is infinite: the old defaults, the largest
// finite numbers, would keep infinity out.
#include <limits>

#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_clip(Lower& lower) {
  if (lower.form >= 11) {
    return {};
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const char* names[] = {"min", "max"};
  float bounds[] = {-kInfinity, kInfinity};
  for (size_t i = 0; i < 2; ++i) {
    if (lower.has_input(1 + i) && !lower.number(1 + i, &bounds[i])) {
      return lower.refuse("before opset 11 its bounds have to be constants that float32 holds");
    }
    if (bounds[i] != bounds[i]) {
      return lower.refuse("one of its bounds is NaN");
    }
    lower.node.set_float(names[i], bounds[i]);
  }
  lower.keep_inputs(1);
  return {};
}

}  // namespace tenon::lowering
