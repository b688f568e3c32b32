// SPDX-License-Identifier: Apache-2.0
#include "core/base/memory.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <thread>
#include <vector>

namespace tenon {
namespace {

TEST(Memory, aligns_and_counts) {
  Memory memory;
  const uint64_t process_before = Memory::process().stats().current;
  {
    std::vector<Buffer> buffers;
    uint64_t sum = 0;
    for (uint64_t align : {1u, 16u, 64u, 256u, 4096u, 1u << 20}) {
      for (uint64_t bytes : {0u, 1u, 63u, 5000u, 70000u, 1u << 20}) {
        auto buffer = memory.allocate(bytes, align);
        ASSERT_TRUE(buffer.ok());
        EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % align, 0u);
        std::memset(buffer->data(), 0xAB, bytes);
        sum += bytes;
        buffers.push_back(std::move(*buffer));
      }
    }
    EXPECT_EQ(memory.stats().current, sum);
    EXPECT_EQ(Memory::process().stats().current, process_before + sum);
  }
  EXPECT_EQ(memory.stats().current, 0u);
  EXPECT_GT(memory.stats().peak, 0u);
  memory.reset_peak();
  EXPECT_EQ(memory.stats().peak, 0u);
  EXPECT_EQ(Memory::process().stats().current, process_before);
}

TEST(Memory, a_limit_is_named) {
  Memory memory(1000);
  auto first = memory.allocate(900);
  ASSERT_TRUE(first.ok());
  const auto second = memory.allocate(200, 64, "the workspace of Conv_3");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), TENON_LIMIT);
  EXPECT_NE(second.status().message().find("1000"), std::string::npos);
  EXPECT_NE(second.status().message().find("Conv_3"), std::string::npos);
  memory.set_limit(2000);
  EXPECT_TRUE(memory.allocate(200).ok());
}

TEST(Memory, refuses_what_cannot_be) {
  EXPECT_EQ(Memory::process().allocate(1ull << 62).status().code(), TENON_LIMIT);  // the machine's share
  EXPECT_EQ(Memory::process().try_allocate(8, 3), nullptr);
  Memory::release(nullptr);
}

TEST(Memory, blocks_outlive_their_books) {
  std::optional<Memory> memory(std::in_place);
  Buffer kept = std::move(*memory->allocate(100000));
  memory.reset();
  std::memset(kept.data(), 1, kept.bytes());
}

TEST(Memory, trim_empties_the_cache) {
  { Buffer block = std::move(*Memory::process().allocate(1 << 20)); }
  Memory::trim();
  EXPECT_EQ(Memory::process().stats().cached, 0u);
}

TEST(Memory, serves_threads_at_once) {
  Memory memory;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&memory, t] {
      for (int i = 0; i < 500; ++i) {
        Buffer block = std::move(*memory.allocate(60000 + 1000 * static_cast<uint64_t>(i % 30)));
        std::memset(block.data(), t, 64);
        ASSERT_EQ(std::to_integer<int>(block.data()[63]), t);
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(memory.stats().current, 0u);
}

}  // namespace
}  // namespace tenon
