// SPDX-License-Identifier: Apache-2.0
// What each step of a segment waits for.
#pragma once

#include <map>
#include <vector>

#include "core/sched/frame.hpp"

namespace tenon {

// A part of one arena, block or output.
struct Stretch {
  uint32_t space = kNone;
  uint64_t begin = 0, end = 0;
};

struct Stretches {
  std::vector<Stretch> slots;              // by SlotId; space kNone: not placed in this segment
  std::map<uint32_t, Stretch> workspaces;  // by instruction
};

// Gives each asynchronous step of a laid out segment, whose records are filled in, its lane, queue, waits and signal,
// and each step what the host waits for before: whatever made or last touched what it reads, and whatever still reads
// or writes what it overwrites. Errors: what sync_create answers.
Status order_calls(Frame* frame, Segment* segment, const Stretches& stretches);

}  // namespace tenon
