// SPDX-License-Identifier: Apache-2.0
// Which nodes of a graph the shape slice evaluates, and whose contents it needs from outside.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ir/graph.hpp"

namespace tenon {

struct SlicePlan {
  std::vector<uint8_t> in_slice;  // by NodeId
  // By ValueId: the contents decide shapes and come neither from a constant nor from a slice node.
  std::vector<uint8_t> wanted;
};

// A node is in the slice when its contents follow from dims, constants and integer inputs alone, and either decide
// shapes or are a few integers that come from a Shape or Size anyway.
SlicePlan plan_slice(const Graph& graph);

}  // namespace tenon
