// SPDX-License-Identifier: Apache-2.0
// Which operators core runs itself, without a provider.
#pragma once

#include "core/ir/graph.hpp"

namespace tenon {

// Operators whose output is the input's bytes under other dims.
bool is_view_op(const Node& node);
// Nodes that core runs by their bodies, and those that make or read sequences, optionals and maps.
bool is_structure_op(const Graph& graph, const Node& node);

}  // namespace tenon
