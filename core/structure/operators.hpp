// SPDX-License-Identifier: Apache-2.0
// Which operators core runs itself, without a provider.
#pragma once

#include "core/ir/graph.hpp"

namespace tenon {

// Operators whose output is the input's bytes under other dims.
bool is_view_op(const Node& node);
// Operators that core runs by their bodies.
bool is_structure_op(const Node& node);

}  // namespace tenon
