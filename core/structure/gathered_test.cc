// SPDX-License-Identifier: Apache-2.0
#include "core/structure/gathered.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "core/structure/dense.hpp"

namespace tenon {
namespace {

BodyValue over(std::vector<float>* data, std::vector<int64_t> dims) {
  BodyValue value;
  value.data = reinterpret_cast<std::byte*>(data->data());
  value.bytes = data->size() * sizeof(float);
  value.rank = static_cast<uint32_t>(dims.size());
  std::copy(dims.begin(), dims.end(), value.dims);
  return value;
}

std::vector<float> floats(const BodyValue& value) {
  std::vector<float> read(value.bytes / sizeof(float));
  std::memcpy(read.data(), value.data, value.bytes);
  return read;
}

TEST(Gathered, GrowsAsLongAsItLasts) {
  Gathered gathered(&Memory::process(), TENON_FLOAT32, 0, -1, false);
  Buffer buffer;
  for (int i = 0; i < 1000; ++i) {
    std::vector<float> data = {static_cast<float>(i), -1};
    ASSERT_TRUE(gathered.add(over(&data, {2}), &buffer).ok());
  }
  const Result<BodyValue> all = gathered.finish({}, {}, &buffer);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->rank, 2u);
  EXPECT_EQ(all->dims[0], 1000);
  EXPECT_EQ(all->dims[1], 2);
  EXPECT_EQ(floats(*all)[2 * 777], 777);
  EXPECT_LE(buffer.bytes(), 3 * all->bytes);
}

TEST(Gathered, ANewAxisStandsWhereItIsWanted) {
  Gathered gathered(&Memory::process(), TENON_FLOAT32, -1, 3, true);
  Buffer buffer;
  for (float number : {1.0F, 2.0F, 3.0F}) {
    std::vector<float> data = {number, 10 * number};
    ASSERT_TRUE(gathered.add(over(&data, {2}), &buffer).ok());
  }
  const Result<BodyValue> all = gathered.finish({}, {}, &buffer);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(std::vector<int64_t>(all->dims, all->dims + 2), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(floats(*all), (std::vector<float>{3, 2, 1, 30, 20, 10}));
}

TEST(Gathered, StringsOfAllIterationsAreKept) {
  Gathered gathered(&Memory::process(), TENON_STRING, 1, 2, false);
  Buffer buffer;
  for (const std::vector<std::string_view>& strings :
       {std::vector<std::string_view>{"a", "longer than that"}, std::vector<std::string_view>{"", "b"}}) {
    std::vector<std::byte> tensor(strings_bytes(strings));
    write_strings(strings, tensor.data());
    BodyValue value;
    value.data = tensor.data();
    value.bytes = tensor.size();
    value.rank = 1;
    value.dims[0] = 2;
    ASSERT_TRUE(gathered.add(value, &buffer).ok());
  }
  const Result<BodyValue> all = gathered.finish({}, {}, &buffer);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(strings_at(all->data, 4), (std::vector<std::string_view>{"a", "", "longer than that", "b"}));
}

TEST(Gathered, IterationsAddTheSameDims) {
  Gathered gathered(&Memory::process(), TENON_FLOAT32, 0, -1, false);
  Buffer buffer;
  std::vector<float> data = {1, 2};
  ASSERT_TRUE(gathered.add(over(&data, {2}), &buffer).ok());
  const Status other = gathered.add(over(&data, {1, 2}), &buffer);
  EXPECT_EQ(other.code(), TENON_RUN);
  EXPECT_EQ(other.message(), "iteration 1 adds [1,2] to a scan output, expected [2] as before");
  Gathered beyond(&Memory::process(), TENON_FLOAT32, 2, 1, false);
  EXPECT_EQ(beyond.add(over(&data, {2}), &buffer).code(), TENON_RUN);
}

TEST(Gathered, WithoutIterationsDimsAreThoseThatAreKnown) {
  Gathered gathered(&Memory::process(), TENON_FLOAT32, 0, -1, false);
  Buffer buffer;
  const Shape declared = std::vector<Dim>{Dim{}, Dim{5, 0}};
  const Result<BodyValue> unknown = gathered.finish({}, declared, &buffer);
  ASSERT_TRUE(unknown.ok());
  EXPECT_EQ(std::vector<int64_t>(unknown->dims, unknown->dims + unknown->rank), (std::vector<int64_t>{0, 0, 5}));
  const Result<BodyValue> nothing = gathered.finish({}, {}, &buffer);
  EXPECT_EQ(nothing->rank, 1u);
  const Result<BodyValue> inferred = gathered.finish(std::vector<Dim>{Dim{}, Dim{7, 0}}, declared, &buffer);
  EXPECT_EQ(std::vector<int64_t>(inferred->dims, inferred->dims + inferred->rank), (std::vector<int64_t>{0, 7}));
}

TEST(Gathered, ALimitOfMemoryHolds) {
  Memory memory(4096);
  Gathered gathered(&memory, TENON_FLOAT32, 0, -1, false);
  Buffer buffer;
  std::vector<float> data(100);
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    status = gathered.add(over(&data, {100}), &buffer);
  }
  EXPECT_EQ(status.code(), TENON_LIMIT);
}

}  // namespace
}  // namespace tenon
