// SPDX-License-Identifier: Apache-2.0
#include "core/api/output_pool.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <utility>

namespace tenon::api {
namespace {

constexpr uint64_t kMiB = 1u << 20;

TEST(OutputPool, lends_again_what_came_back) {
  OutputPool pool;
  Buffer block = std::move(*pool.take(4 * kMiB));
  const std::byte* data = block.data();
  pool.run_ended(block.bytes());
  pool.give(std::move(block));
  EXPECT_EQ(pool.waiting(), 4 * kMiB);
  block = std::move(*pool.take(4 * kMiB - 100));
  EXPECT_EQ(block.data(), data);
  EXPECT_EQ(pool.waiting(), 0u);
  block.data()[0] = std::byte{1};  // poisoned while it waited
}

TEST(OutputPool, holds_no_more_than_the_last_run_took) {
  OutputPool pool;
  pool.run_ended(8 * kMiB);
  for (int i = 0; i < 3; ++i) {
    pool.give(std::move(*Memory::process().allocate(4 * kMiB)));
  }
  EXPECT_EQ(pool.waiting(), 8 * kMiB);
  pool.run_ended(5 * kMiB);
  EXPECT_EQ(pool.waiting(), 4 * kMiB);
  pool.run_ended(0);
  EXPECT_EQ(pool.waiting(), 0u);
  pool.give(std::move(*Memory::process().allocate(4 * kMiB)));
  EXPECT_EQ(pool.waiting(), 0u);
}

TEST(OutputPool, lends_no_block_that_is_much_too_large) {
  OutputPool pool;
  pool.run_ended(8 * kMiB);
  pool.give(std::move(*Memory::process().allocate(8 * kMiB)));
  EXPECT_EQ(pool.take(2 * kMiB)->bytes(), 2 * kMiB);
  EXPECT_EQ(pool.waiting(), 8 * kMiB);
}

}  // namespace
}  // namespace tenon::api
