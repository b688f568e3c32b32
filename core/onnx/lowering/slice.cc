// SPDX-License-Identifier: Apache-2.0
// Slice before opset 10 has starts, ends and axes as attributes, and no steps.
#include <algorithm>

#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_slice(Lower& lower) {
  if (lower.form >= 10) {
    return {};
  }
  std::vector<int64_t> steps;
  if (lower.has_input(4) && (!lower.integers(4, &steps) ||
                             !std::all_of(steps.begin(), steps.end(), [](int64_t step) { return step == 1; }))) {
    return lower.refuse("before opset 10 it has no steps");
  }
  const char* names[] = {"starts", "ends", "axes"};
  for (size_t i = 0; i < 3; ++i) {
    std::vector<int64_t> values;
    if (!lower.has_input(1 + i) && i == 2) {
      continue;
    }
    if (!lower.integers(1 + i, &values)) {
      return lower.refuse(std::string("before opset 10 its ") + names[i] + " have to be constants");
    }
    lower.node.set_ints(names[i], std::move(values));
  }
  lower.keep_inputs(1);
  return {};
}

}  // namespace tenon::lowering
