// SPDX-License-Identifier: Apache-2.0
#include "core/sched/frame_cache.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

namespace tenon {
namespace {

bool same_key(const Frame& a, const Frame& b) {
  for (size_t i = 0; i < a.key.size(); ++i) {
    const ConstantPtr& left = a.key[i].contents;
    const ConstantPtr& right = b.key[i].contents;
    if (a.key[i].dims != b.key[i].dims || (left == nullptr) != (right == nullptr) ||
        (left != nullptr && (left->bytes != right->bytes || std::memcmp(left->data, right->data, left->bytes) != 0))) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool matches(const Frame& frame, std::span<const tenon_tensor* const> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const KnownValue& known = frame.key[i];
    if (!known.dims) {
      continue;  // no tensor
    }
    const tenon_tensor& tensor = *inputs[i];
    if (known.dims->size() != tensor.rank || !std::equal(tensor.dims, tensor.dims + tensor.rank, known.dims->begin())) {
      return false;
    }
    if (known.contents != nullptr && known.contents->bytes > 0 &&
        std::memcmp(known.contents->data, tensor.data, known.contents->bytes) != 0) {
      return false;
    }
  }
  return true;
}

std::unique_ptr<Frame> FrameCache::take(std::span<const tenon_tensor* const> inputs) {
  const std::lock_guard lock(mutex_);
  for (size_t i = idle_.size(); i-- > 0;) {
    if (matches(*idle_[i], inputs)) {
      std::unique_ptr<Frame> frame = std::move(idle_[i]);
      idle_.erase(idle_.begin() + static_cast<ptrdiff_t>(i));
      return frame;
    }
  }
  return nullptr;
}

void FrameCache::give(std::unique_ptr<Frame> frame) {
  std::unique_ptr<Frame> evicted;  // freed after the lock
  const std::lock_guard lock(mutex_);
  if (limit_ == 0) {
    evicted = std::move(frame);
    return;
  }
  idle_.push_back(std::move(frame));
  if (idle_.size() <= limit_ && idle_.size() <= kFramesPerShape) {
    return;
  }
  // Walking from the most recent: the first frame of each set counts as one set.
  size_t sets = 0;
  for (size_t i = idle_.size(); i-- > 0;) {
    size_t same = 0;
    for (size_t j = i + 1; j < idle_.size(); ++j) {
      same += same_key(*idle_[i], *idle_[j]) ? 1 : 0;
    }
    sets += same == 0 ? 1 : 0;
    if (sets > limit_ || same >= kFramesPerShape) {
      evicted = std::move(idle_[i]);
      idle_.erase(idle_.begin() + static_cast<ptrdiff_t>(i));
      return;
    }
  }
}

bool FrameCache::clear() {
  std::vector<std::unique_ptr<Frame>> gone;
  {
    const std::lock_guard lock(mutex_);
    gone.swap(idle_);
  }
  return !gone.empty();
}

uint64_t FrameCache::size() const {
  const std::lock_guard lock(mutex_);
  return idle_.size();
}

}  // namespace tenon
