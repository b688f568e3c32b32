// SPDX-License-Identifier: Apache-2.0
// PRelu before opset 7 has a slope for each channel, along axis 1, or one for all.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_prelu(Lower& lower) {
  if (lower.form >= 7) {
    return {};
  }
  const Constant* slope = lower.constant_input(1);
  const int64_t rank = lower.rank(0);
  if (lower.form < 6 || slope == nullptr || rank < 1) {
    return lower.refuse("before opset 7 its slope has to be a constant, for each channel or for all");
  }
  std::vector<int64_t> dims(static_cast<size_t>(rank) - std::min(slope->dims.size(), static_cast<size_t>(rank)), 1);
  dims.insert(dims.end(), slope->dims.begin(), slope->dims.end());
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (dims[axis] != 1 && axis != 1) {
      return lower.refuse("before opset 7 its slope lies along axis 1");
    }
  }
  if (slope->dims.size() == 1 && slope->elements() == 1) {
    return {};
  }
  Constant flat = *slope;
  flat.dims = {static_cast<int64_t>(slope->elements())};
  lower.node.inputs[1] = lower.constant("slope", std::make_shared<const Constant>(std::move(flat)));
  return {};
}

}  // namespace tenon::lowering
