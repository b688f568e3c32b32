// SPDX-License-Identifier: Apache-2.0
// Folding of nodes whose inputs are all constants.
#pragma once

#include "core/opt/pass.hpp"

namespace tenon {

// Whether every provider computes the node to the same bits: it moves or compares elements, works on integers, or the
// standard's result is one rounding of the exact one.
bool same_bits_everywhere(const Graph& graph, const Node& node);

// Folds the nodes of every graph of the model; with `exact` only those of which same_bits_everywhere holds.
void fold_constants(PassContext& context, bool exact);

}  // namespace tenon
