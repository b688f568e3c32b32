// SPDX-License-Identifier: Apache-2.0
// Values that are no tensors, as they pass through a run: sequences, optionals and maps, and the tensors in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/memory.hpp"
#include "core/base/status.hpp"
#include "core/ir/types.hpp"

namespace tenon {

struct Object;
// Shared, so that moving an element copies nothing. Whoever has the only reference may change the object.
using ObjectPtr = std::shared_ptr<const Object>;

struct Object {
  TypeKind kind = TypeKind::tensor;
  // A tensor: dense host memory, strings as types.h lays them out.
  Dtype dtype = TENON_UNDEFINED;
  std::vector<int64_t> dims;
  const std::byte* data = nullptr;
  uint64_t bytes = 0;
  std::shared_ptr<const void> owner;  // of `data`
  bool borrowed = false;              // `data` may be gone or change after the run
  // A sequence's elements, an optional's value if it is present, a map's values in the order of its keys.
  std::vector<ObjectPtr> items;
  ObjectPtr keys;  // of a map: a tensor of rank 1
};

// A sequence with more elements is refused (LIMIT).
inline constexpr uint64_t kMostItems = uint64_t{1} << 24;

// A tensor in new memory, which `data` leads to. Of strings `string_bytes` says how much it takes. LIMIT,
// OUT_OF_MEMORY.
Result<std::shared_ptr<Object>> new_tensor(Memory* memory, Dtype dtype, std::span<const int64_t> dims,
                                           uint64_t string_bytes, std::byte** data);
// A tensor over memory that `owner` keeps.
std::shared_ptr<Object> tensor_over(Dtype dtype, std::span<const int64_t> dims, const std::byte* data, uint64_t bytes,
                                    std::shared_ptr<const void> owner);
ObjectPtr make_sequence(std::vector<ObjectPtr> items);
ObjectPtr make_optional(ObjectPtr item);  // NULL: absent

// The object itself when the caller has the only reference to it, else a copy that shares its elements.
std::shared_ptr<Object> changeable(ObjectPtr object);
// The same value with no tensor in it that is borrowed; shares what is not. LIMIT, OUT_OF_MEMORY.
Result<ObjectPtr> keep(const ObjectPtr& object, Memory* memory);

// Whether a value is of a type: kind, dtype, rank and fixed dims, at every depth. INVALID_TENSOR says where it is not,
// with `what` ahead: "input 'x'".
Status check_object(const Object& object, const Type& type, const std::string& what);

// "tensor(float32)", "seq(tensor(int64))", "map(int64,tensor(float32))", "optional(...)".
std::string type_text(const Type& type);
// The same of a value; of an empty sequence "seq(?)".
std::string type_text(const Object& object);

}  // namespace tenon
