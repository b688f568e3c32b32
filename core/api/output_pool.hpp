// SPDX-License-Identifier: Apache-2.0
// Memory of outputs that the caller has released, waiting for the session's next run.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "core/base/memory.hpp"
#include "core/base/status.hpp"

namespace tenon::api {

// New memory costs a page fault for each 4 KiB, more than many operators take to fill it. A session keeps what it lent
// to its outputs, at most as many bytes as its last run made, so a run of smaller shapes gives the rest back at once.
// Any thread; values that came out of it share it with the session.
class OutputPool {
 public:
  static constexpr uint64_t kFrom = 1u << 20;  // smaller blocks are the C library's and Memory's own matter

  OutputPool() { blocks_.reserve(kBlocks); }
  // At least `bytes`, at a multiple of 64, not zeroed. LIMIT, OUT_OF_MEMORY.
  Result<Buffer> take(uint64_t bytes);
  // Keeps the block or frees it.
  void give(Buffer block) noexcept;
  // After a run whose outputs took `bytes` out of here: no more than that may wait.
  void run_ended(uint64_t bytes) noexcept;
  // Frees what waits.
  void clear() noexcept { run_ended(0); }
  uint64_t waiting() const;

 private:
  static constexpr size_t kBlocks = 32;

  mutable std::mutex mutex_;
  std::vector<Buffer> blocks_;  // the one that waits longest first
  uint64_t waiting_ = 0;
  std::atomic<uint64_t> allowed_ = 0;  // written under the lock; waiting_ is at most this
};

}  // namespace tenon::api
