// SPDX-License-Identifier: Apache-2.0
#include "core/sched/blocks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <thread>

namespace tenon {
namespace {

constexpr uint64_t kMb = 1u << 20;

// One run that needs one block; where it lay.
std::byte* run(BlockPool& pool, uint64_t bytes) {
  std::vector<std::unique_ptr<Block>> blocks;
  auto block = pool.take(bytes, nullptr);
  EXPECT_TRUE(block.ok());
  std::byte* at = (*block)->pages.data();
  std::memset(at, 1, bytes);
  blocks.push_back(std::move(block).value());
  pool.give(&blocks);
  EXPECT_TRUE(blocks.empty());
  return at;
}

TEST(BlockPool, runs_that_follow_each_other_share_a_block) {
  Memory memory;
  BlockPool pool(memory);
  std::byte* large = run(pool, 8 * kMb);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(run(pool, kMb), large);
    EXPECT_EQ(run(pool, 8 * kMb), large);
  }
  EXPECT_EQ(memory.stats().allocations, 1u);
  EXPECT_EQ(memory.stats().current, 8 * kMb);
}

TEST(BlockPool, gives_back_what_no_run_needs_any_more) {
  Memory memory;
  BlockPool pool(memory);
  std::byte* large = run(pool, 32 * kMb);
  run(pool, kMb);
  EXPECT_EQ(pool.idle_bytes(), 32 * kMb);
  std::this_thread::sleep_for(std::chrono::nanoseconds(BlockPool::kKeepNs * 3 / 2));
  run(pool, kMb);
  EXPECT_EQ(pool.idle_bytes(), kMb);
  EXPECT_EQ(memory.stats().current, kMb);
  EXPECT_EQ(run(pool, 32 * kMb), large);
}

TEST(BlockPool, concurrent_runs_have_a_block_each_and_idle_ones_go) {
  Memory memory;
  BlockPool pool(memory);
  std::vector<std::unique_ptr<Block>> blocks;
  for (uint64_t bytes : {4 * kMb, 2 * kMb}) {
    auto block = pool.take(bytes, nullptr);
    ASSERT_TRUE(block.ok());
    blocks.push_back(std::move(block).value());
  }
  EXPECT_NE(blocks[0]->pages.data(), blocks[1]->pages.data());
  std::byte* small = blocks[1]->pages.data();
  std::byte* large = blocks[0]->pages.data();
  pool.give(&blocks);
  EXPECT_EQ(run(pool, kMb), small);
  auto again = pool.take(3 * kMb, large);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->pages.data(), large);
  std::this_thread::sleep_for(std::chrono::nanoseconds(BlockPool::kKeepNs * 3 / 2));
  blocks.push_back(std::move(again).value());
  pool.give(&blocks);
  EXPECT_EQ(pool.idle_bytes(), 4 * kMb);
  EXPECT_TRUE(pool.clear());
  EXPECT_FALSE(pool.clear());
  EXPECT_EQ(memory.stats().current, 0u);
}

TEST(BlockPool, idle_blocks_make_room_under_a_limit) {
  Memory memory(10 * kMb);
  BlockPool pool(memory);
  std::vector<std::unique_ptr<Block>> blocks;
  for (uint64_t bytes : {4 * kMb, 5 * kMb}) {
    auto block = pool.take(bytes, nullptr);
    ASSERT_TRUE(block.ok());
    blocks.push_back(std::move(block).value());
  }
  pool.give(&blocks);
  auto grown = pool.take(9 * kMb, nullptr);
  ASSERT_TRUE(grown.ok());
  auto refused = pool.take(2 * kMb, nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), TENON_LIMIT);
}

}  // namespace
}  // namespace tenon
