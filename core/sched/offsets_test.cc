// SPDX-License-Identifier: Apache-2.0
#include "core/sched/offsets.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tenon {
namespace {

void expect_sound(const std::vector<Interval>& intervals, uint64_t total) {
  for (size_t i = 0; i < intervals.size(); ++i) {
    EXPECT_EQ(intervals[i].offset % kArenaAlign, 0u);
    EXPECT_LE(intervals[i].offset + intervals[i].bytes, total);
    for (size_t j = i + 1; j < intervals.size(); ++j) {
      const bool at_once = intervals[i].first <= intervals[j].last && intervals[j].first <= intervals[i].last;
      const bool overlap = intervals[i].offset < intervals[j].offset + intervals[j].bytes &&
                           intervals[j].offset < intervals[i].offset + intervals[i].bytes;
      ASSERT_FALSE(at_once && overlap) << "buffers " << i << " and " << j;
    }
  }
}

TEST(Offsets, ChainNeedsTwoBuffers) {
  std::vector<Interval> chain;
  for (uint32_t i = 0; i < 10; ++i) {
    chain.push_back({1000, i, i + 1, 0});
  }
  const uint64_t total = assign_offsets(chain);
  expect_sound(chain, total);
  EXPECT_EQ(total, 2 * 1024u);
}

TEST(Offsets, SmallBufferGoesIntoTheTightestGap) {
  std::vector<Interval> intervals = {{640, 0, 9, 0}, {256, 0, 2, 0}, {512, 0, 9, 0},
                                     {128, 0, 2, 0}, {64, 0, 9, 0},  {128, 3, 9, 0}};
  const uint64_t total = assign_offsets(intervals);
  expect_sound(intervals, total);
  EXPECT_EQ(total, 640u + 256 + 512 + 128 + 64);
}

TEST(Offsets, NothingNeedsNothing) {
  std::vector<Interval> none;
  EXPECT_EQ(assign_offsets(none), 0u);
  std::vector<Interval> empty = {{0, 0, 1, 0}};
  EXPECT_EQ(assign_offsets(empty), 0u);
}

TEST(Offsets, RandomBuffersNeverOverlap) {
  for (size_t count : {size_t{200}, size_t{1500}}) {
    std::mt19937 random(7);
    std::vector<Interval> intervals(count);
    uint64_t sum = 0;
    for (Interval& interval : intervals) {
      interval.bytes = random() % 5000;
      interval.first = random() % 400;
      interval.last = interval.first + random() % 20;
      sum += interval.bytes;
    }
    const uint64_t total = assign_offsets(intervals);
    expect_sound(intervals, total);
    EXPECT_LT(total, sum / 3);
  }
}

}  // namespace
}  // namespace tenon
