// SPDX-License-Identifier: Apache-2.0
// Where the tensors of a segment lie, and the records that its steps hand to providers.
#pragma once

#include "core/sched/frame.hpp"

namespace tenon {

// For a segment whose instructions, dims and steps are decided: shares memory between views and, where a region allows
// it and nobody needs the input any more, between its input and output; lets graph outputs be written in place; lays
// the rest out in one block for each memory kind; fills in the steps' records. LIMIT, OUT_OF_MEMORY.
Status assign_memory(Frame* frame, Segment* segment);

}  // namespace tenon
