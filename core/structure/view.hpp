// SPDX-License-Identifier: Apache-2.0
// Views: nodes whose output shares its input's memory.
#pragma once

#include "core/sched/frame.hpp"
#include "core/structure/slot_maker.hpp"

namespace tenon {

// The instruction of a view node, whose output lies wherever its input does, as long as that is dense.
Instruction lower_view(const Program& program, NodeId id, SlotMaker* slots);

// Lets the output of a view lie where its input does. RUN when dims of both are known and have different numbers of
// elements, which ONNX's inference does not compare for Reshape.
Status lay_view(const Program& program, const Instruction& instruction, const SlotState& from, SlotState* to);

}  // namespace tenon
