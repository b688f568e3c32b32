// SPDX-License-Identifier: Apache-2.0
// The frames of a session that no run uses at the moment.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/sched/frame.hpp"

namespace tenon {

// Whether a frame was made for inputs of these dims and (where shapes want them) contents. One tensor for each entry of
// the frame's key. Allocates nothing.
bool matches(const Frame& frame, std::span<const tenon_tensor* const> inputs);

// Keeps frames of at most `limit` sets of shapes, the least recently used going first. Any thread.
class FrameCache {
 public:
  explicit FrameCache(uint32_t limit) : limit_(limit) {}

  // An idle frame for these inputs, which the caller now owns, or NULL. Allocates nothing.
  std::unique_ptr<Frame> take(std::span<const tenon_tensor* const> inputs);
  // Gives a frame back. Allocates nothing when it came from take.
  void give(std::unique_ptr<Frame> frame);
  // Frees every idle frame; false when there was none.
  bool clear();
  uint64_t size() const;

 private:
  // Of one set of shapes at most this many frames are kept: as many as are likely to run at once.
  static constexpr size_t kFramesPerShape = 16;

  uint32_t limit_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Frame>> idle_;  // the most recently used last
};

}  // namespace tenon
