// SPDX-License-Identifier: Apache-2.0
#include "core/sched/blocks.hpp"

#include <utility>

#include "core/base/time.hpp"

namespace tenon {
namespace {

constexpr uint64_t kWorthIt = 1u << 20;  // less is not given back: a system call costs more than it brings

}  // namespace

std::unique_ptr<Block> BlockPool::find(uint64_t bytes, const std::byte* preferred) {
  if (idle_.empty()) {
    return nullptr;
  }
  size_t best = idle_.size() - 1;  // none is large enough: the last one grows
  for (size_t i = 0; i < idle_.size(); ++i) {
    const Pages& pages = idle_[i]->pages;
    const Pages& chosen = idle_[best]->pages;
    if (pages.reserved() < bytes) {
      continue;
    }
    if (pages.data() == preferred) {
      best = i;
      break;
    }
    if (chosen.reserved() < bytes || pages.reserved() < chosen.reserved()) {
      best = i;
    }
  }
  std::unique_ptr<Block> block = std::move(idle_[best]);
  idle_.erase(idle_.begin() + static_cast<ptrdiff_t>(best));
  return block;
}

Result<std::unique_ptr<Block>> BlockPool::take(uint64_t bytes, const std::byte* preferred) {
  std::unique_ptr<Block> block;
  {
    const std::lock_guard lock(mutex_);
    block = find(bytes, preferred);
  }
  if (block == nullptr) {
    block = std::make_unique<Block>();
  }
  if (block->pages.bytes() < bytes) {
    Status status = block->pages.resize(memory_, bytes, "the activations of a run");
    if (status.code() == TENON_LIMIT && clear()) {
      status = block->pages.resize(memory_, bytes, "the activations of a run");
    }
    TENON_RETURN_IF_ERROR(status);
  }
  block->wanted = bytes;
  return block;
}

void BlockPool::give(std::vector<std::unique_ptr<Block>>* blocks) {
  const uint64_t now = coarse_now_ns();
  const std::lock_guard lock(mutex_);
  for (std::unique_ptr<Block>& block : *blocks) {
    block->used_ns = now;
    if (block->wanted > block->pages.bytes() / 2) {
      block->full_ns = now;
    }
    idle_.push_back(std::move(block));
  }
  blocks->clear();
  give_back_unused(now);
}

void BlockPool::give_back_unused(uint64_t now) {
  std::erase_if(idle_, [&](const std::unique_ptr<Block>& block) { return now - block->used_ns > kKeepNs; });
  for (const std::unique_ptr<Block>& block : idle_) {
    if (now - block->full_ns > kKeepNs && block->pages.bytes() > block->wanted + kWorthIt) {
      // Shrinking cannot fail.
      static_cast<void>(block->pages.resize(memory_, block->wanted, "the activations of a run"));
      block->full_ns = now;
    }
  }
}

bool BlockPool::clear() {
  std::vector<std::unique_ptr<Block>> gone;
  const std::lock_guard lock(mutex_);
  gone.swap(idle_);
  return !gone.empty();
}

uint64_t BlockPool::idle_bytes() const {
  const std::lock_guard lock(mutex_);
  uint64_t bytes = 0;
  for (const std::unique_ptr<Block>& block : idle_) {
    bytes += block->pages.bytes();
  }
  return bytes;
}

}  // namespace tenon
