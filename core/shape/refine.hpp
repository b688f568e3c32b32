// SPDX-License-Identifier: Apache-2.0
// What symbols tell beyond the schemas' own inference.
#pragma once

#include <span>
#include <vector>

#include "core/ir/graph.hpp"
#include "core/shape/slice_tensor.hpp"

namespace tenon {

// Makes types[0] of a Reshape more precise from partly known contents of its shape: "[N, -1, 12, 64]" of [N, S, 768] is
// [N, S, 12, 64]. `data` is the type of input 0, `shape` the contents of input 1. Leaves other operators as they are.
void refine_reshape(const Node& node, const Type& data, const SliceTensor& shape, Algebra& algebra, Type* out);

}  // namespace tenon
