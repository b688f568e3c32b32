// SPDX-License-Identifier: Apache-2.0
// Nodes that core runs itself: by their bodies (If, Loop, Scan, SequenceMap), and those that make or read sequences and
// optionals.
#pragma once

#include "core/sched/frame.hpp"
#include "core/structure/body.hpp"
#include "core/structure/slot_maker.hpp"

namespace tenon {

// The instruction of a structure node of `program`, whose bodies are built. INVALID_MODEL when the bodies' inputs and
// outputs do not fit the node's.
Result<Instruction> lower_structure(const Program& program, NodeId id, SlotMaker* slots);

// Runs the step of such an instruction; `segment`: of `frame`, which holds the step. Tensors that it makes lie where a
// body or a sequence has them. Errors: what planning or running a body answers; RUN (an index out of range, an absent
// optional, iterations of different dims), LIMIT, OUT_OF_MEMORY, CANCELLED, DEADLINE.
Status run_structure(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body);

}  // namespace tenon
