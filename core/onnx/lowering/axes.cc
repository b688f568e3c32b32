// SPDX-License-Identifier: Apache-2.0
// Squeeze, Unsqueeze and ReduceSum before opset 13, and the other reductions before opset 18, have `axes` as an
// attribute.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_axes(Lower& lower) {
  if (lower.form >= 13) {
    return {};
  }
  std::vector<int64_t> axes;
  if (lower.has_input(1)) {
    if (!lower.integers(1, &axes)) {
      return lower.refuse("in opset " + std::to_string(lower.opset) + " its axes have to be constants");
    }
    lower.node.set_ints("axes", std::move(axes));
  }
  lower.keep_inputs(1);
  return {};
}

Status lower_reduce(Lower& lower) {
  const uint32_t input_since = lower.node.is("ReduceSum") ? 13 : 18;
  if (lower.form >= input_since) {
    return {};
  }
  std::vector<int64_t> axes;
  const bool noop = lower.node.int_or("noop_with_empty_axes", 0) != 0;
  if (lower.has_input(1) && !lower.integers(1, &axes)) {
    return lower.refuse("in opset " + std::to_string(lower.opset) + " its axes have to be constants");
  }
  lower.keep_inputs(1);
  if (axes.empty() && noop) {
    return lower.refuse("before opset " + std::to_string(input_since) + " no axes means all axes");
  }
  lower.node.erase_attribute("noop_with_empty_axes");
  if (!axes.empty()) {
    lower.node.set_ints("axes", std::move(axes));
  }
  return {};
}

}  // namespace tenon::lowering
