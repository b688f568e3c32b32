// SPDX-License-Identifier: Apache-2.0
#include "core/sched/offsets.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <vector>

#include "core/base/checked.hpp"

namespace tenon {
namespace {

constexpr size_t kLargestFirstLimit = 1024;  // its cost is quadratic

std::vector<size_t> sorted_indices(std::span<const Interval> intervals, auto less) {
  std::vector<size_t> order(intervals.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return less(intervals[a], intervals[b]); });
  return order;
}

uint64_t largest_first(std::span<Interval> intervals) {
  std::vector<size_t> placed;  // by offset
  uint64_t total = 0;
  for (size_t index : sorted_indices(intervals, [](const Interval&a, const Interval&b) { return a.bytes > b.bytes; })) {
    Interval& interval = intervals[index];
    const uint64_t bytes = align_up(interval.bytes, kArenaAlign);
    uint64_t best = UINT64_MAX;
    uint64_t best_gap = UINT64_MAX;
    uint64_t free_from = 0;
    for (size_t other_index : placed) {
      const Interval& other = intervals[other_index];
      if (other.last < interval.first || other.first > interval.last) {
        continue;
      }
      if (other.offset >= free_from) {
        const uint64_t gap = other.offset - free_from;
        if (gap >= bytes && gap < best_gap) {
          best = free_from;
          best_gap = gap;
        }
      }
      free_from = std::max(free_from, other.offset + align_up(other.bytes, kArenaAlign));
    }
    interval.offset = best != UINT64_MAX ? best : free_from;
    total = std::max(total, interval.offset + bytes);
    const auto at = std::lower_bound(placed.begin(), placed.end(), interval.offset,
                                     [&](size_t i, uint64_t offset) { return intervals[i].offset < offset; });
    placed.insert(at, index);
  }
  return total;
}

// The holes of the block while time goes by, merged with their neighbours.
class Holes {
 public:
  uint64_t take(uint64_t bytes) {
    auto best = holes_.end();
    for (auto hole = holes_.begin(); hole != holes_.end(); ++hole) {
      if (hole->second >= bytes && (best == holes_.end() || hole->second < best->second)) {
        best = hole;
      }
    }
    uint64_t offset = total_;
    if (best != holes_.end()) {
      offset = best->first;
      const uint64_t rest = best->second - bytes;
      holes_.erase(best);
      if (rest > 0) {
        holes_.emplace(offset + bytes, rest);
      }
      return offset;
    }
    if (!holes_.empty()) {
      const auto last = std::prev(holes_.end());
      if (last->first + last->second == total_) {
        offset = last->first;
        holes_.erase(last);
      }
    }
    total_ = offset + bytes;
    return offset;
  }
  void give(uint64_t offset, uint64_t bytes) {
    auto at = holes_.emplace(offset, bytes).first;
    const auto next = std::next(at);
    if (next != holes_.end() && at->first + at->second == next->first) {
      at->second += next->second;
      holes_.erase(next);
    }
    if (at != holes_.begin()) {
      const auto before = std::prev(at);
      if (before->first + before->second == at->first) {
        before->second += at->second;
        holes_.erase(at);
      }
    }
  }
  uint64_t total() const { return total_; }

 private:
  std::map<uint64_t, uint64_t> holes_;  // offset -> bytes
  uint64_t total_ = 0;
};

uint64_t by_time(std::span<Interval> intervals) {
  std::multimap<uint32_t, size_t> alive;  // by last
  Holes holes;
  for (size_t index : sorted_indices(intervals, [](const Interval&a, const Interval&b) { return a.first < b.first; })) {
    Interval& interval = intervals[index];
    while (!alive.empty() && alive.begin()->first < interval.first) {
      const Interval& dead = intervals[alive.begin()->second];
      holes.give(dead.offset, align_up(dead.bytes, kArenaAlign));
      alive.erase(alive.begin());
    }
    if (interval.bytes == 0) {
      interval.offset = 0;
      continue;
    }
    interval.offset = holes.take(align_up(interval.bytes, kArenaAlign));
    alive.emplace(interval.last, index);
  }
  return holes.total();
}

}  // namespace

uint64_t assign_offsets(std::span<Interval> intervals) {
  return intervals.size() <= kLargestFirstLimit ? largest_first(intervals) : by_time(intervals);
}

}  // namespace tenon
