// SPDX-License-Identifier: Apache-2.0
// PRelu of opsets 1 to 6: a slope of rank 1 lies along axis 1 of X; from opset 7 on it is broadcast to the last axes.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_prelu(Raise& raise) {
  raise.node.erase_attribute("consumed_inputs");
  const int64_t rank = raise.rank(0);
  const int64_t slope_rank = raise.rank(1);
  const Type& slope = raise.type(1);
  if (slope_rank == 0 || (slope_rank == 1 && (*slope.shape)[0].size == 1)) {
    return {};
  }
  if (rank < 0 || slope_rank != 1) {
    return raise.refuse("the ranks of X and slope are not known, or the slope is not of rank 1");
  }
  std::vector<int64_t> axes;
  for (int64_t axis = 1; axis + 1 < rank; ++axis) {
    axes.push_back(axis);
  }
  if (axes.empty()) {
    return {};
  }
  TENON_ASSIGN_OR_RETURN(raise.node.inputs[1],
                         raise.emit("Unsqueeze", {raise.node.inputs[1], raise.int64s("axes", axes)}));
  return {};
}

}  // namespace tenon::forms
