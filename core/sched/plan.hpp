// SPDX-License-Identifier: Apache-2.0
// Planning: shapes, prepared regions, aliases, memory and records of one segment.
#pragma once

#include <memory>
#include <vector>

#include "core/sched/frame.hpp"

namespace tenon {

// A frame for these inputs, with its first segment. `key`: one entry for each graph input, then each capture, with
// contents where ShapeProgram::content_inputs asks. `memory`: books that bound what it may take; they and `pool` must
// outlive it. `top`: the frame that a body's frame is part of; NULL: none.
// Errors: INVALID_TENSOR (dims), what prepare answers, LIMIT, OUT_OF_MEMORY.
Result<std::unique_ptr<Frame>> make_frame(const Program& program, std::vector<KnownValue> key, Memory* memory,
                                          BlockPool* pool, Frame* top);

// Plans what follows `parent`, whose instructions have run: Frame::pointers and dynamics hold its results.
Result<std::unique_ptr<Segment>> make_segment(Frame* frame, const Segment& parent);

// Whether the results of `parent` in this run are those that `child` was planned for. Allocates nothing.
bool continues(const Frame& frame, const Segment& parent, const Segment& child);

// Whether the contents of this slot belong to the key of what follows.
bool is_watched(const Program& program, SlotId slot);

}  // namespace tenon
