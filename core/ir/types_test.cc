// SPDX-License-Identifier: Apache-2.0
#include "core/ir/types.hpp"

#include <gtest/gtest.h>

#include "core/ir/constant.hpp"

namespace tenon {
namespace {

TEST(Types, EveryDtypeHasANameThatReadsBack) {
  for (Dtype dtype = 1; dtype < TENON_DTYPE_COUNT; ++dtype) {
    EXPECT_EQ(dtype_from_name(dtype_name(dtype)), dtype);
    EXPECT_EQ(dtype_bits(dtype) == 0, dtype == TENON_STRING) << dtype_name(dtype);
  }
  EXPECT_EQ(dtype_from_name("undefined"), std::nullopt);
  EXPECT_EQ(dtype_name(999), "undefined");
}

TEST(Types, BytesRoundSubByteElementsUpAndRefuseOverflow) {
  EXPECT_EQ(dtype_bytes(TENON_INT4, 3), 2u);
  EXPECT_EQ(dtype_bytes(TENON_UINT2, 5), 2u);
  EXPECT_EQ(dtype_bytes(TENON_FLOAT4E2M1, 0), 0u);
  EXPECT_EQ(dtype_bytes(TENON_FLOAT6E3M2, 5), 4u);
  EXPECT_EQ(dtype_bytes(TENON_COMPLEX128, 2), 32u);
  EXPECT_EQ(dtype_bytes(TENON_FLOAT64, UINT64_MAX / 4), std::nullopt);
  EXPECT_EQ(dtype_bytes(TENON_STRING, 1), std::nullopt);
}

TEST(Types, ElementCountIsBoundedOverTheDimsThatAreNotZero) {
  EXPECT_EQ(element_count(std::vector<int64_t>{kMaxElements, 1, 0}), 0u);
  EXPECT_EQ(element_count(std::vector<int64_t>{kMaxElements, 2, 0}), std::nullopt);
  EXPECT_EQ(element_count(std::vector<int64_t>{0, INT64_MAX, INT64_MAX}), std::nullopt);
  EXPECT_EQ(element_count(std::vector<int64_t>{INT64_MAX, 4}), std::nullopt);
  EXPECT_TRUE(dims_fit(std::nullopt));
  EXPECT_TRUE(dims_fit(Shape(std::vector<Dim>{{kMaxElements, 0}, {-1, 1}, {0, 0}})));
  EXPECT_FALSE(dims_fit(Shape(std::vector<Dim>{{kMaxElements, 0}, {-1, 1}, {2, 0}})));
  EXPECT_EQ(element_count(std::vector<int64_t>{-1}), std::nullopt);
  EXPECT_EQ(element_count(std::vector<int64_t>{}), 1u);
  EXPECT_EQ(element_count(Shape(std::vector<Dim>{{2, 0}, {-1, 1}})), std::nullopt);
}

TEST(Constants, IntegersOfEveryWidthReadBack) {
  const int8_t bytes[] = {-3, 7};
  std::vector<int64_t> values;
  ASSERT_TRUE(read_integers(*make_constant(TENON_INT8, {2}, bytes, 2), &values));
  EXPECT_EQ(values, (std::vector<int64_t>{-3, 7}));
  const uint64_t huge = UINT64_MAX;
  EXPECT_FALSE(read_integers(*make_constant(TENON_UINT64, {}, &huge, 8), &values));
  const float f = 1;
  EXPECT_FALSE(read_integers(*make_constant(TENON_FLOAT32, {}, &f, 4), &values));
  EXPECT_FALSE(read_integers(*make_int64_constant({3}, {1, 2, 3}), &values, 2));
}

TEST(Constants, ASplatReadsAsAllItsElements) {
  auto splat = std::make_shared<Constant>(*make_int64_constant({}, {5}));
  splat->dims = {3};
  splat->splat = true;
  std::vector<int64_t> values;
  ASSERT_TRUE(read_integers(*splat, &values));
  EXPECT_EQ(values, (std::vector<int64_t>{5, 5, 5}));
  EXPECT_EQ(splat->full_bytes(), 24u);
}

TEST(Constants, DataIsAlignedAndCopied) {
  int64_t source[] = {1, 2};
  const ConstantPtr constant = make_constant(TENON_INT64, {2}, source, 16);
  source[0] = 9;
  std::vector<int64_t> values;
  ASSERT_TRUE(read_integers(*constant, &values));
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(constant->data) % 64, 0u);
  EXPECT_TRUE(same_content(*constant, *make_int64_constant({2}, {1, 2})));
  EXPECT_FALSE(same_content(*constant, *make_int64_constant({2}, {1, 3})));
}

}  // namespace
}  // namespace tenon
