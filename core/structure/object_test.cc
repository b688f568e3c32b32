// SPDX-License-Identifier: Apache-2.0
#include "core/structure/object.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace tenon {
namespace {

ObjectPtr tensor(std::vector<int64_t> dims, bool borrowed = false) {
  static const std::array<float, 16> kData = {1, 2, 3};
  auto object = tensor_over(TENON_FLOAT32, dims, reinterpret_cast<const std::byte*>(kData.data()),
                            4 * *element_count(dims), nullptr);
  object->borrowed = borrowed;
  return object;
}

Type sequence_of(Type element) {
  Type type;
  type.kind = TypeKind::sequence;
  type.element = std::make_shared<Type>(std::move(element));
  return type;
}

TEST(Objects, TypesAreCheckedAtEveryDepth) {
  const ObjectPtr sequence = make_sequence({tensor({2, 3}), tensor({1, 3})});
  const Type fits = sequence_of(Type::tensor(TENON_FLOAT32, std::vector<Dim>{Dim{}, Dim{3, 0}}));
  EXPECT_TRUE(check_object(*sequence, fits, "input 'x'").ok());
  EXPECT_TRUE(check_object(*make_sequence({}), fits, "input 'x'").ok());
  const Type narrow = sequence_of(Type::tensor(TENON_FLOAT32, std::vector<Dim>{Dim{2, 0}, Dim{3, 0}}));
  EXPECT_EQ(check_object(*sequence, narrow, "input 'x'").message(), "element 1 of input 'x' is [1,3], expected [2, 3]");
  EXPECT_EQ(check_object(*sequence, sequence_of(Type::tensor(TENON_INT64)), "input 'x'").message(),
            "element 0 of input 'x' is float32, expected int64");
  const Status kind = check_object(*sequence, sequence_of(sequence_of(Type{})), "input 'x'");
  EXPECT_EQ(kind.code(), TENON_INVALID_TENSOR);
  EXPECT_EQ(kind.fields().got, "a value of type tensor(float32)");
}

TEST(Objects, TypesHaveTheNamesOfTenonH) {
  EXPECT_EQ(type_text(*make_optional(make_sequence({tensor({1})}))), "optional(seq(tensor(float32)))");
  EXPECT_EQ(type_text(*make_optional(nullptr)), "optional(?)");
  EXPECT_EQ(type_text(sequence_of(Type::tensor(TENON_INT64))), "seq(tensor(int64))");
}

TEST(Objects, OnlyWhatIsBorrowedIsCopied) {
  const ObjectPtr own = tensor({2}), borrowed = tensor({3}, true);
  const ObjectPtr inner = make_sequence({own});
  const ObjectPtr mixed = make_sequence({inner, make_sequence({borrowed, own})});
  const Result<ObjectPtr> kept = keep(mixed, &Memory::process());
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ((*kept)->items[0], inner);
  const ObjectPtr copy = (*kept)->items[1]->items[0];
  EXPECT_NE(copy->data, borrowed->data);
  EXPECT_EQ(std::memcmp(copy->data, borrowed->data, borrowed->bytes), 0);
  EXPECT_FALSE(copy->borrowed);
  EXPECT_EQ((*kept)->items[1]->items[1], own);
  EXPECT_EQ(mixed->items[1]->items[0], borrowed);
  EXPECT_EQ(keep(inner, &Memory::process()).value(), inner);
}

TEST(Objects, WhoeverHasTheOnlyReferenceChangesTheObjectItself) {
  ObjectPtr sequence = make_sequence({tensor({1})});
  const Object* before = sequence.get();
  {
    const ObjectPtr other = sequence;
    EXPECT_NE(changeable(sequence).get(), before);
  }
  EXPECT_EQ(changeable(std::move(sequence)).get(), before);
}

TEST(Objects, ALimitOfMemoryHolds) {
  Memory memory(1000);
  std::byte* data = nullptr;
  const std::array<int64_t, 1> dims = {1000};
  EXPECT_EQ(new_tensor(&memory, TENON_FLOAT32, dims, 0, &data).status().code(), TENON_LIMIT);
  const std::array<int64_t, 3> huge = {INT64_MAX, 1, 2};
  EXPECT_EQ(new_tensor(&memory, TENON_FLOAT32, huge, 0, &data).status().code(), TENON_LIMIT);
}

}  // namespace
}  // namespace tenon
