// SPDX-License-Identifier: Apache-2.0
// The memory of activations, lent to the runs of a session: whatever shapes they have, runs that follow each other use
// the same block, so a session holds about what its last run needed.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/memory.hpp"

namespace tenon {

struct Block {
  Pages pages;
  uint64_t wanted = 0;   // bytes that the run under way asked for
  uint64_t used_ns = 0;  // when a run last had it
  uint64_t full_ns = 0;  // when a run last needed more than half of it
};

// Any thread. When a run ends, idle blocks that no run has had for kKeepNs go back to the system, and so does what lies
// beyond the need of the run in a block of which no run has needed half for kKeepNs: shapes that alternate keep their
// memory, shapes that are gone do not.
class BlockPool {
 public:
  // `memory`: the books, which must outlive the pool and its blocks.
  explicit BlockPool(Memory& memory) : memory_(memory) {}

  // A block of at least `bytes`; the idle one at `preferred`, where a segment last lay, if it is large enough.
  // Allocates nothing when an idle block is large enough. LIMIT, OUT_OF_MEMORY.
  Result<std::unique_ptr<Block>> take(uint64_t bytes, const std::byte* preferred);
  // Gives the blocks of a run back and leaves the list empty. Allocates nothing when as many were idle before.
  void give(std::vector<std::unique_ptr<Block>>* blocks);
  // Frees all idle blocks; false when there was none.
  bool clear();
  // Bytes of idle blocks.
  uint64_t idle_bytes() const;

  static constexpr uint64_t kKeepNs = 500'000'000;

 private:
  std::unique_ptr<Block> find(uint64_t bytes, const std::byte* preferred);
  void give_back_unused(uint64_t now);

  Memory& memory_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> idle_;  // the most recently used last
};

}  // namespace tenon
