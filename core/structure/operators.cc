// SPDX-License-Identifier: Apache-2.0
#include "core/structure/operators.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace tenon {

bool is_view_op(const Node& node) {
  static constexpr std::array<std::string_view, 5> kOps = {"Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"};
  return node.domain == "ai.onnx" && std::find(kOps.begin(), kOps.end(), node.op) != kOps.end();
}

bool is_structure_op(const Node& node) { return node.is("If"); }

}  // namespace tenon
