// SPDX-License-Identifier: Apache-2.0
// DFT before opset 20 has its axis as an attribute, with another default.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_dft(Lower& lower) {
  if (lower.form >= 20) {
    return {};
  }
  std::vector<int64_t> axis = {-2};
  if (lower.has_input(2) && (!lower.integers(2, &axis) || axis.size() != 1)) {
    return lower.refuse("before opset 20 its axis has to be a constant");
  }
  if (axis[0] < 0) {
    if (lower.rank(0) < 0) {
      return lower.refuse("its axis counts from the end, and the rank of its input is not known");
    }
    axis[0] += lower.rank(0);
  }
  lower.keep_inputs(2);
  lower.node.set_int("axis", axis[0]);
  return {};
}

}  // namespace tenon::lowering
