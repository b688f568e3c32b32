// SPDX-License-Identifier: Apache-2.0
#include "core/structure/dense.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace tenon {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes(std::initializer_list<int> values) {
  Bytes made;
  for (int value : values) {
    made.push_back(static_cast<std::byte>(value));
  }
  return made;
}

TEST(Dense, ElementsUnderAByteAreOneStreamOfBits) {
  // int4 1 2 3 4 5, the first in the low half.
  const Bytes from = bytes({0x21, 0x43, 0x05});
  Bytes to = bytes({0xff, 0xff, 0xff});
  move_elements(TENON_INT4, from.data(), 1, to.data(), 2, 3);
  EXPECT_EQ(to, bytes({0xff, 0x32, 0xf4}));
  // float6: three elements from the second on, to the first.
  const Bytes six = bytes({0b01000001, 0b00110000, 0b00010000});
  Bytes out = bytes({0, 0, 0});
  move_elements(TENON_FLOAT6E2M3, six.data(), 1, out.data(), 0, 3);
  EXPECT_EQ(out, bytes({0b11000001, 0b01000000, 0}));
}

TEST(Dense, RunsOfAnAxisAreAsLongAsTheyCanBe) {
  const std::array<int64_t, 3> dims = {2, 5, 3};
  const AxisCut cut = cut_at(dims, 1);
  EXPECT_EQ(cut.outer, 2u);
  EXPECT_EQ(cut.inner, 3u);
  std::vector<std::array<uint64_t, 3>> runs;
  for_each_run(cut, {5, 1}, {2, 0}, 2, [&](uint64_t from, uint64_t to, uint64_t count) {
    runs.push_back({from, to, count});
  });
  EXPECT_EQ(runs, (std::vector<std::array<uint64_t, 3>>{{3, 0, 6}, {18, 6, 6}}));
}

TEST(Dense, WithoutElementsThereIsNoRun) {
  for_each_run({1, 0}, {4, 0}, {4, 0}, 4, [](uint64_t, uint64_t, uint64_t) { FAIL(); });
  for_each_run({3, 2}, {4, 0}, {4, 0}, 0, [](uint64_t, uint64_t, uint64_t) { FAIL(); });
}

TEST(Dense, StringsComeBackAsTheyWere) {
  const std::vector<std::string_view> strings = {"", "one", "", "and another"};
  Bytes tensor(strings_bytes(strings));
  EXPECT_EQ(tensor.size(), 5 * 8 + 14);
  write_strings(strings, tensor.data());
  EXPECT_EQ(strings_at(tensor.data(), 4), strings);
}

}  // namespace
}  // namespace tenon
