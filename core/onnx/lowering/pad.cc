// SPDX-License-Identifier: Apache-2.0
// Pad before opset 18 has no axes, before opset 11 its sizes and its value as attributes.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {
namespace {

Status spread_axes(Lower& lower) {
  std::vector<int64_t> pads;
  std::vector<int64_t> axes;
  const int64_t rank = lower.rank(0);
  if (rank < 0 || !lower.integers(1, &pads) || !lower.integers(3, &axes) || pads.size() != 2 * axes.size()) {
    return lower.refuse("before opset 18 it has no axes, and they or its sizes are no constants");
  }
  std::vector<int64_t> all(2 * static_cast<size_t>(rank), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = axes[i] + (axes[i] < 0 ? rank : 0);
    if (axis < 0 || axis >= rank) {
      return lower.refuse("its axes do not fit rank " + std::to_string(rank));
    }
    all[static_cast<size_t>(axis)] = pads[i];
    all[static_cast<size_t>(axis + rank)] = pads[i + axes.size()];
  }
  lower.node.inputs[1] = lower.constant("pads", make_int64_constant({2 * rank}, all));
  return {};
}

}  // namespace

Status lower_pad(Lower& lower) {
  if (lower.form >= 18) {
    return {};
  }
  if (lower.has_input(3)) {
    TENON_RETURN_IF_ERROR(spread_axes(lower));
  }
  lower.keep_inputs(3);
  if (lower.form >= 11) {
    return {};
  }
  std::vector<int64_t> pads;
  float value = 0;
  if (!lower.integers(1, &pads) || (lower.has_input(2) && !lower.number(2, &value))) {
    return lower.refuse("before opset 11 its sizes and its value have to be constants");
  }
  if (lower.form < 2) {
    return lower.refuse("opset 1 is too old");
  }
  lower.node.set_ints("pads", std::move(pads));
  lower.node.set_float("value", value);
  lower.keep_inputs(1);
  return {};
}

}  // namespace tenon::lowering
