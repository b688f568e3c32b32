// SPDX-License-Identifier: Apache-2.0
// Softmax, LogSoftmax and Hardmax before opset 13 see a matrix: all axes from `axis` on are its columns. That is the
// same where the axis is the last one, or only sizes of 1 follow it; elsewhere the axis is moved to the end and back.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {
namespace {

Attribute permutation(const std::vector<int64_t>& order) {
  Attribute attribute;
  attribute.name = "perm";
  attribute.type = onnx_facts::kAttrInts;
  attribute.ints = order;
  return attribute;
}

Attribute last_axis(int64_t rank) {
  Attribute attribute;
  attribute.name = "axis";
  attribute.type = onnx_facts::kAttrInt;
  attribute.i = rank - 1;
  return attribute;
}

}  // namespace

Status lower_softmax(Lower& lower) {
  if (lower.form >= 13) {
    return {};
  }
  const int64_t rank = lower.rank(0);
  int64_t axis = lower.node.int_or("axis", -1);
  if (rank < 0) {
    return axis == -1 && lower.opset >= 11 ? Status()
                                           : lower.refuse("the rank of its input is not known, and axis was another");
  }
  axis += axis < 0 ? rank : 0;
  const std::vector<Dim>& dims = *lower.type(0).shape;
  bool rest_is_one = true;
  for (int64_t i = axis + 1; i < rank; ++i) {
    rest_is_one = rest_is_one && dims[static_cast<size_t>(i)].size == 1;
  }
  if (rank == 0) {
    return lower.refuse("before opset 13 its input has an axis");
  }
  lower.node.set_int("axis", axis);
  if (rest_is_one) {
    return {};
  }
  std::vector<int64_t> order;  // swaps two axes: its own reverse
  for (int64_t i = 0; i < rank; ++i) {
    order.push_back(i == axis ? rank - 1 : i == rank - 1 ? axis : i);
  }
  Type moved = lower.type(0);
  std::swap((*moved.shape)[static_cast<size_t>(axis)], moved.shape->back());
  TENON_ASSIGN_OR_RETURN(const ValueId turned,
                         lower.emit("Transpose", {lower.node.inputs[0]}, {permutation(order)}, moved));
  TENON_ASSIGN_OR_RETURN(const ValueId result, lower.emit(lower.node.op, {turned}, {last_axis(rank)}, moved));
  lower.node.op = "Transpose";
  lower.node.form = onnx_facts::current_form("ai.onnx", "Transpose");
  lower.node.attributes = {permutation(order)};
  lower.node.inputs = {result};
  return {};
}

}  // namespace tenon::lowering
