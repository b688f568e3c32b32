// SPDX-License-Identifier: Apache-2.0
// Values that are no tensors: what they hold, what they keep alive, what is refused.
#include <cstdint>
#include <string>
#include <tenon/tenon.hpp>
#include <vector>

#include "tests/api/api.hpp"

namespace api_test {
namespace {

using tenon::Value;
using Floats = std::vector<float>;

Value row(std::vector<float>& data) { return Value::wrap(data, {static_cast<int64_t>(data.size())}); }

template <typename Fn>
std::string refusal(Fn&& make) {
  try {
    make();
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.code(), TENON_INVALID_ARGUMENT);
    return error.what();
  }
  return "";
}

TEST(Values, ASequenceHoldsItsItemsInOrder) {
  Floats a = {1, 2}, b = {3};
  const Value sequence = Value::sequence({row(a), row(b)});
  EXPECT_EQ(sequence.kind(), uint32_t{TENON_KIND_SEQUENCE});
  ASSERT_EQ(sequence.count(), 2u);
  EXPECT_EQ(sequence.item(0).dims(), (std::vector<int64_t>{2}));
  EXPECT_EQ(sequence.items()[1].data<float>()[0], 3);
  // Nothing was copied.
  a[0] = 7;
  EXPECT_EQ(sequence.item(0).data<float>()[0], 7);
}

TEST(Values, ItemsOutliveWhatHeldThem) {
  Value item;
  {
    const Value sequence = Value::sequence({Value::strings({"in", "a sequence"}, {2})});
    item = Value::optional(sequence).item(0).item(0);
  }
  EXPECT_EQ(item.string_at(1), "a sequence");
}

TEST(Values, AnOptionalIsPresentOrAbsent) {
  Floats a = {1};
  EXPECT_EQ(Value::optional().count(), 0u);
  EXPECT_EQ(Value::optional(row(a)).count(), 1u);
  EXPECT_EQ(Value::optional().kind(), uint32_t{TENON_KIND_OPTIONAL});
  EXPECT_NE(refusal([] { Value::optional(Value::optional()); }), "");
  EXPECT_NE(refusal([] { Value::optional().item(0); }), "");
}

TEST(Values, AMapHasAValueForEachKey) {
  Floats a = {1}, b = {2};
  std::vector<int64_t> keys = {30, -4};
  const Value map = Value::map(Value::wrap(keys, {2}), {row(a), row(b)});
  EXPECT_EQ(map.kind(), uint32_t{TENON_KIND_MAP});
  EXPECT_EQ(map.keys().data<int64_t>()[1], -4);
  EXPECT_EQ(map.item(1).data<float>()[0], 2);
  const Value by_name = Value::map(Value::strings({"x"}, {1}), {map});
  EXPECT_EQ(by_name.keys().string_at(0), "x");
  EXPECT_EQ(by_name.item(0).count(), 2u);
}

TEST(Values, KeysStandOnceAndAreIntegersOrStrings) {
  Floats a = {1}, b = {2};
  std::vector<int64_t> twice = {5, 5};
  EXPECT_EQ(refusal([&] {
              Value::map(Value::wrap(twice, {2}), {row(a), row(b)});
            }),
            "tenon_value_create_map: key 1 stands twice");
  EXPECT_NE(refusal([&] { Value::map(row(a), {row(b)}); }), "");
  EXPECT_NE(refusal([&] { Value::map(Value::wrap(twice, {2}), {row(a)}); }), "");
  EXPECT_NE(refusal([&] { Value::map(Value::sequence({}), {}); }), "");
}

TEST(Values, ItemsAreOfOneType) {
  Floats a = {1};
  std::vector<int64_t> n = {1};
  const Value number = Value::wrap(n, {1});
  EXPECT_EQ(refusal([&] {
              Value::sequence({row(a), number});
            }),
            "tenon_value_create_sequence: item 1 is tensor(int64), expected tensor(float32) as others are");
  EXPECT_NE(refusal([&] { Value::sequence({row(a), Value::sequence({row(a)})}); }), "");
  EXPECT_NE(refusal([&] {
              Value::sequence({Value::sequence({row(a)}), Value::sequence({}), Value::sequence({number})});
            }),
            "");
  EXPECT_EQ(refusal([&] { Value::sequence({row(a), Value()}); }), "tenon_value_create_sequence: an item is NULL");
}

TEST(Values, NestingIsBounded) {
  Value value = Value::sequence({});
  for (int depth = 1; depth < 8; ++depth) {
    value = Value::sequence({value});
  }
  EXPECT_NE(refusal([&] { Value::sequence({value}); }), "");
}

TEST(Values, WhatIsNoTensorHasNoBytes) {
  const Value sequence = Value::sequence({});
  EXPECT_NE(refusal([&] { sequence.tensor(); }), "");
  EXPECT_NE(refusal([&] { sequence.string_at(0); }), "");
  EXPECT_NE(refusal([&] { sequence.keys(); }), "");
  EXPECT_EQ(tenon_value_kind(nullptr), 0u);
  EXPECT_EQ(tenon_value_count(nullptr), 0u);
}

}  // namespace
}  // namespace api_test
