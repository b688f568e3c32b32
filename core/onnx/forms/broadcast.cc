// SPDX-License-Identifier: Apache-2.0
// Add, Sub, Mul, Div, Pow, And, Or, Xor, Equal, Greater, Less of opsets 1 to 6: broadcasting was asked for, and B could
// be laid along A from `axis` on. Later ones align the last axes: B gets axes of size 1 behind.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_broadcast(Raise& raise) {
  const bool broadcast = raise.node.int_or("broadcast", 0) != 0;
  const Attribute* attribute = raise.node.attribute("axis");
  const bool has_axis = attribute != nullptr;
  const int64_t given = has_axis ? attribute->i : 0;
  int64_t axis = given;
  raise.node.erase_attribute("consumed_inputs");
  raise.node.erase_attribute("broadcast");
  raise.node.erase_attribute("axis");
  const int64_t rank_a = raise.rank(0);
  const int64_t rank_b = raise.rank(1);
  if (!broadcast || !has_axis || rank_b == 0) {
    return {};
  }
  if (rank_a < 0 || rank_b < 0) {
    return raise.refuse("it broadcasts along an axis of an input whose rank is not known");
  }
  axis += axis < 0 ? rank_a : 0;
  const int64_t behind = rank_a - axis - rank_b;
  if (axis < 0 || behind < 0) {
    return raise.refuse("its axis " + std::to_string(given) + " does not fit ranks " + std::to_string(rank_a) +
                        " and " + std::to_string(rank_b));
  }
  if (behind == 0) {
    return {};
  }
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < behind; ++i) {
    axes.push_back(rank_b + i);
  }
  TENON_ASSIGN_OR_RETURN(raise.node.inputs[1],
                         raise.emit("Unsqueeze", {raise.node.inputs[1], raise.int64s("axes", axes)}));
  return {};
}

}  // namespace tenon::forms
