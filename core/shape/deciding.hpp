// SPDX-License-Identifier: Apache-2.0
// Which inputs' contents decide shapes, and when values' dims are known.
#pragma once

#include <cstdint>

#include "core/ir/graph.hpp"

namespace tenon {

// Bit i: the contents of input i decide output dims (deciding.def); of operators not listed there, none.
uint32_t deciding_inputs(const Node& node);
inline bool decides(uint32_t mask, size_t input) { return input < 32 && (mask >> input & 1) != 0; }
// Only running the node tells its output dims (data_ops.def, bodies).
bool is_data_operator(const Node& node);

// Sets Value::shape_class throughout the model, from types that are set.
void classify_shapes(Model* model);

}  // namespace tenon
