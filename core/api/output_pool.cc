// SPDX-License-Identifier: Apache-2.0
#include "core/api/output_pool.hpp"

#include <array>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>  // the use of a block that waits is the use of freed memory
#else
#define ASAN_POISON_MEMORY_REGION(data, bytes) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(data, bytes) static_cast<void>(0)
#endif

namespace tenon::api {

Result<Buffer> OutputPool::take(uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    size_t best = blocks_.size();
    for (size_t i = 0; i < blocks_.size(); ++i) {
      // Not one much larger: it would wait for an output that needs it, and what is lent would be more than is used.
      const uint64_t size = blocks_[i].bytes();
      if (size >= bytes && size - bytes <= bytes / 8 && (best == blocks_.size() || size < blocks_[best].bytes())) {
        best = i;
      }
    }
    if (best < blocks_.size()) {
      Buffer block = std::move(blocks_[best]);
      blocks_.erase(blocks_.begin() + static_cast<ptrdiff_t>(best));
      waiting_ -= block.bytes();
      ASAN_UNPOISON_MEMORY_REGION(block.data(), block.bytes());
      return block;
    }
  }
  Result<Buffer> made = Memory::process().allocate(bytes, 64, "an output of the run");
  if (!made.ok() && waiting() > 0) {
    clear();  // what waits may be what is missing
    made = Memory::process().allocate(bytes, 64, "an output of the run");
  }
  return made;
}

void OutputPool::give(Buffer block) noexcept {
  const std::lock_guard lock(mutex_);
  if (block.bytes() > allowed_.load(std::memory_order_relaxed) - waiting_ || blocks_.size() >= kBlocks) {
    return;
  }
  ASAN_POISON_MEMORY_REGION(block.data(), block.bytes());
  waiting_ += block.bytes();
  blocks_.push_back(std::move(block));
}

void OutputPool::run_ended(uint64_t bytes) noexcept {
  if (allowed_.load(std::memory_order_relaxed) == bytes) {
    return;
  }
  std::array<Buffer, kBlocks> gone;  // freed after the lock
  const std::lock_guard lock(mutex_);
  allowed_.store(bytes, std::memory_order_relaxed);
  size_t n = 0;
  for (; waiting_ > bytes; ++n) {
    waiting_ -= blocks_[n].bytes();
    gone[n] = std::move(blocks_[n]);
  }
  blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<ptrdiff_t>(n));
}

uint64_t OutputPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

}  // namespace tenon::api
