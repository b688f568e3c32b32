// SPDX-License-Identifier: Apache-2.0
// Tile of opsets 1 to 5 repeats along one axis; both numbers are inputs.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_tile(Raise& raise) {
  const int64_t rank = raise.rank(0);
  std::vector<int64_t> tiles;
  std::vector<int64_t> axis;
  if (rank < 0 || !raise.integers(1, &tiles) || !raise.integers(2, &axis) || tiles.size() != 1 || axis.size() != 1) {
    return raise.refuse("its tiles and axis are no integer constants, or the rank of its input is not known");
  }
  if (axis[0] < 0 || axis[0] >= rank) {
    return raise.refuse("its axis does not fit rank " + std::to_string(rank));
  }
  std::vector<int64_t> repeats(static_cast<size_t>(rank), 1);
  repeats[static_cast<size_t>(axis[0])] = tiles[0];
  raise.node.inputs = {raise.node.inputs[0], raise.int64s("repeats", repeats)};
  return {};
}

}  // namespace tenon::forms
