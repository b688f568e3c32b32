// SPDX-License-Identifier: Apache-2.0
// If: one of two bodies runs, in a frame of its own, and lends its outputs to the graph around it.
#pragma once

#include <functional>

#include "core/sched/frame.hpp"
#include "core/structure/slot_maker.hpp"

namespace tenon {

// The instruction of an If: its condition, its bodies (then, else), and what each captures.
Instruction lower_branch(const Graph& graph, NodeId id, SlotMaker* slots);

// Runs a body's frame whose pointers of captures, and task, are set.
using RunBody = std::function<Status(Frame& body)>;

// Runs the branch that the condition chooses. `segment`: of `frame`, which holds the step. A frame is kept for each set
// of captured shapes seen, a bounded number. Allocates nothing where such a frame exists. Errors: what planning or
// running the body answers.
Status run_branch(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body);

}  // namespace tenon
