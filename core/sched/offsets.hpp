// SPDX-License-Identifier: Apache-2.0
// Where each buffer of a plan lies in one block of memory, given when it is alive.
#pragma once

#include <cstdint>
#include <span>

namespace tenon {

// A buffer that is alive from instruction `first` to instruction `last`, both included.
struct Interval {
  uint64_t bytes = 0;
  uint32_t first = 0;
  uint32_t last = 0;
  uint64_t offset = 0;  // out: a multiple of kArenaAlign
};

inline constexpr uint64_t kArenaAlign = 64;

// Fills in the offsets so that no two buffers that are alive at once overlap, and returns the bytes of the block.
// Deterministic. Largest first into the tightest gap for up to about a thousand buffers, else by time into the tightest
// hole. The sum of all bytes, each rounded up to kArenaAlign, must fit in 64 bits.
uint64_t assign_offsets(std::span<Interval> intervals);

}  // namespace tenon
