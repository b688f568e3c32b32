// SPDX-License-Identifier: Apache-2.0
// Memory for outputs whose size only the data tells.
#pragma once

#include "core/host/region.hpp"
#include "core/sched/frame.hpp"

namespace tenon {

// Serves one instruction of a frame. Buffers stay with the frame and only grow, so that a run like the last one
// allocates nothing. Calls take turns per output; the provider makes one call for each.
class OutputAllocator final : public tenon_run_handle {
 public:
  OutputAllocator(Frame* frame, const Instruction* instruction) : frame_(*frame), instruction_(*instruction) {}
  ~OutputAllocator() = default;

  Status alloc_output(uint32_t index, const int64_t* dims, uint32_t rank, uint64_t string_bytes,
                      tenon_tensor* out) override;

 private:
  Status make_room(SlotId slot, uint64_t bytes, Dynamic* dynamic);

  Frame& frame_;
  const Instruction& instruction_;
};

}  // namespace tenon
