// SPDX-License-Identifier: Apache-2.0
// Softmax, LogSoftmax and Hardmax before opset 13 see a matrix: all axes before `axis` (default 1) are its rows, the
// others its columns. Later ones work along one axis.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_softmax(Raise& raise) {
  int64_t axis = raise.node.int_or("axis", 1);
  const int64_t rank = raise.rank(0);
  const ValueId data = raise.node.inputs[0];
  if (axis == -1 || (rank >= 0 && (axis == rank - 1 || (rank == 1 && axis == 1)))) {
    // The last axis alone. Rank 1 with the default axis is one row too, as runtimes of the time had it.
    raise.node.set_int("axis", -1);
    return {};
  }
  if (rank >= 0) {
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis > rank) {
      return raise.refuse("its axis does not fit rank " + std::to_string(rank));
    }
    const std::vector<Dim>& dims = *raise.type(0).shape;
    bool rest_is_one = axis < rank;
    for (int64_t i = axis + 1; i < rank; ++i) {
      rest_is_one = rest_is_one && dims[static_cast<size_t>(i)].size == 1;
    }
    if (rest_is_one) {
      raise.node.set_int("axis", axis);
      return {};
    }
  }
  TENON_ASSIGN_OR_RETURN(const ValueId shape, raise.emit("Shape", {data}));
  TENON_ASSIGN_OR_RETURN(const ValueId matrix, raise.emit("Flatten", {data}, {make_int("axis", axis)}));
  TENON_ASSIGN_OR_RETURN(const ValueId result, raise.emit(raise.node.op, {matrix}, {make_int("axis", 1)}));
  raise.node.op = "Reshape";
  raise.node.attributes.clear();
  // A 0 in the shape means a dim of 0: the result has the elements of the input.
  raise.node.set_int("allowzero", 1);
  raise.node.inputs = {result, shape};
  return {};
}

}  // namespace tenon::forms
