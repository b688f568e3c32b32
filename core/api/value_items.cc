// SPDX-License-Identifier: Apache-2.0
// Sequences, optionals and maps of tenon.h.
#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/api/error.hpp"
#include "core/api/value.hpp"
#include "core/ir/types.hpp"
#include "core/sched/strided.hpp"

tenon_value::~tenon_value() {
  if (pool != nullptr) {
    pool->give(std::move(buffer));
  }
  for (tenon_value* item : items) {
    tenon_value_release(item);
  }
  tenon_value_release(keys);
}

namespace tenon::api {
namespace {

constexpr uint32_t kDeepest = 8;

struct Release {
  void operator()(tenon_value* value) const { tenon_value_release(value); }
};
using OwnedValue = std::unique_ptr<tenon_value, Release>;

tenon_value* retained(const tenon_value* value) {
  auto* shared = const_cast<tenon_value*>(value);
  tenon_value_retain(shared);
  return shared;
}

// What holds nothing fits every type of its kind.
bool same_type(const tenon_value& a, const tenon_value& b) {
  if (a.kind != b.kind) {
    return false;
  }
  if (a.kind == TENON_KIND_TENSOR) {
    return a.tensor.dtype == b.tensor.dtype;
  }
  if (a.keys != nullptr && a.keys->tensor.dtype != b.keys->tensor.dtype) {
    return false;
  }
  return a.items.empty() || b.items.empty() || same_type(*a.items.front(), *b.items.front());
}

Status add_items(const char* function, const tenon_value* const* items, uint64_t count, tenon_value* to) {
  if ((count > 0 && items == nullptr) || count > kMostItems) {
    return bad_argument(std::string(function) + ": the list is NULL, or longer than " + std::to_string(kMostItems));
  }
  if (std::find(items, items + count, nullptr) != items + count) {
    return bad_argument(std::string(function) + ": an item is NULL");
  }
  // The item with the most in it: an empty one ahead must not hide a clash behind it.
  const auto* model = std::max_element(items, items + count,
                                       [](const tenon_value* a, const tenon_value* b) { return a->depth < b->depth; });
  to->items.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    if (!same_type(*items[i], **model)) {
      const std::string got = type_text(*items[i]), expected = type_text(**model);
      return bad_argument(std::string(function) + ": item " + std::to_string(i) + " is " + got + ", expected " +
                          expected + " as others are")
          .with_expectation(got, expected);
    }
    to->depth = std::max(to->depth, items[i]->depth + 1);
    if (to->depth > kDeepest) {
      return bad_argument(std::string(function) + ": values are nested more than " + std::to_string(kDeepest) +
                          " deep");
    }
    to->items.push_back(retained(items[i]));
  }
  return {};
}

Status check_keys(const tenon_value& keys, uint64_t count) {
  const tenon_tensor& tensor = keys.tensor;
  const bool integers = tensor.dtype == TENON_INT64 || tensor.dtype == TENON_INT32 || tensor.dtype == TENON_UINT64 ||
                        tensor.dtype == TENON_UINT32 || tensor.dtype == TENON_INT16 || tensor.dtype == TENON_UINT16 ||
                        tensor.dtype == TENON_INT8 || tensor.dtype == TENON_UINT8;
  if (keys.kind != TENON_KIND_TENSOR || !(integers || tensor.dtype == TENON_STRING) || tensor.strides != nullptr ||
      tensor.rank != 1 || static_cast<uint64_t>(tensor.dims[0]) != count) {
    return bad_argument("tenon_value_create_map: keys are no dense tensor of " + std::to_string(count) +
                        " integers or strings of rank 1");
  }
  std::set<std::string_view> seen;
  for (uint64_t i = 0; i < count; ++i) {
    std::string_view key;
    if (integers) {
      const uint64_t bytes = dtype_bits(tensor.dtype) / 8;
      key = {static_cast<const char*>(tensor.data) + i * bytes, bytes};
    } else {
      tenon_string text = {};
      tenon_value_string(&keys, i, &text, nullptr);
      key = {text.data, text.len};
    }
    if (!seen.insert(key).second) {
      return bad_argument("tenon_value_create_map: key " + std::to_string(i) + " stands twice");
    }
  }
  return {};
}

Status create_map(const tenon_value* keys, const tenon_value* const* values, uint64_t count, tenon_value** out) {
  TENON_RETURN_IF_ERROR(check_keys(*keys, count));
  OwnedValue made(new tenon_value());
  made->kind = TENON_KIND_MAP;
  made->depth = 1;
  made->keys = retained(keys);
  TENON_RETURN_IF_ERROR(add_items("tenon_value_create_map", values, count, made.get()));
  *out = made.release();
  return {};
}

TypeKind type_kind(uint32_t kind) {
  switch (kind) {
    case TENON_KIND_SEQUENCE:
      return TypeKind::sequence;
    case TENON_KIND_OPTIONAL:
      return TypeKind::optional;
    case TENON_KIND_MAP:
      return TypeKind::map;
    default:
      return TypeKind::tensor;
  }
}

uint32_t value_kind(TypeKind kind) {
  switch (kind) {
    case TypeKind::sequence:
      return TENON_KIND_SEQUENCE;
    case TypeKind::optional:
      return TENON_KIND_OPTIONAL;
    case TypeKind::map:
      return TENON_KIND_MAP;
    default:
      return TENON_KIND_TENSOR;
  }
}

Result<ObjectPtr> tensor_object(tenon_value* value) {
  if (value->object != nullptr) {
    return value->object;
  }
  const tenon_tensor& tensor = value->tensor;
  const std::span<const int64_t> dims(tensor.dims, tensor.rank);
  const uint64_t element = dtype_bits(tensor.dtype) / 8;
  if (tensor.strides != nullptr && !is_dense(tensor, element)) {
    std::byte* data = nullptr;
    TENON_ASSIGN_OR_RETURN(std::shared_ptr<Object> copy, new_tensor(&Memory::process(), tensor.dtype, dims, 0, &data));
    if (copy->bytes > 0) {
      copy_dense(tensor, element, data);
    }
    return ObjectPtr(std::move(copy));
  }
  std::shared_ptr<const void> owner(retained(value), Release());
  uint64_t bytes = tensor.bytes;
  if (tensor.dtype != TENON_STRING) {
    TENON_ASSIGN_OR_RETURN(bytes, dense_bytes(tensor.dtype, dims));
  }
  auto object = tensor_over(tensor.dtype, dims, static_cast<const std::byte*>(tensor.data), bytes, std::move(owner));
  object->borrowed = true;
  return ObjectPtr(std::move(object));
}

}  // namespace

std::string type_text(const tenon_value& value) {
  const auto held = [&] { return value.items.empty() ? std::string("?") : type_text(*value.items.front()); };
  switch (value.kind) {
    case TENON_KIND_SEQUENCE:
      return "seq(" + held() + ")";
    case TENON_KIND_OPTIONAL:
      return "optional(" + held() + ")";
    case TENON_KIND_MAP:
      return "map(" + std::string(dtype_name(value.keys->tensor.dtype)) + "," + held() + ")";
    default:
      return "tensor(" + std::string(dtype_name(value.tensor.dtype)) + ")";
  }
}

Result<ObjectPtr> to_object(tenon_value* value) {
  if (value->kind == TENON_KIND_TENSOR) {
    return tensor_object(value);
  }
  auto object = std::make_shared<Object>();
  object->kind = type_kind(value->kind);
  object->items.reserve(value->items.size());
  for (tenon_value* item : value->items) {
    TENON_ASSIGN_OR_RETURN(ObjectPtr made, to_object(item));
    object->items.push_back(std::move(made));
  }
  if (value->keys != nullptr) {
    TENON_ASSIGN_OR_RETURN(object->keys, to_object(value->keys));
  }
  return ObjectPtr(std::move(object));
}

Result<tenon_value*> from_object(const ObjectPtr& object) {
  OwnedValue value(new tenon_value());
  value->kind = value_kind(object->kind);
  if (object->kind == TypeKind::tensor) {
    value->extents = object->dims;
    value->object = object;
    value->tensor.size = sizeof value->tensor;
    value->tensor.dtype = object->dtype;
    value->tensor.rank = static_cast<uint32_t>(object->dims.size());
    value->tensor.dims = value->extents.data();
    value->tensor.bytes = object->bytes;
    value->tensor.data = const_cast<std::byte*>(object->data);
    return value.release();
  }
  value->depth = 1;
  value->items.reserve(object->items.size());
  for (const ObjectPtr& item : object->items) {
    TENON_ASSIGN_OR_RETURN(tenon_value * made, from_object(item));
    value->items.push_back(made);
    value->depth = std::max(value->depth, made->depth + 1);
  }
  if (object->keys != nullptr) {
    TENON_ASSIGN_OR_RETURN(value->keys, from_object(object->keys));
  }
  return value.release();
}

}  // namespace tenon::api

using tenon::Status;
using tenon::api::bad_argument;
using tenon::api::guarded;
using tenon::api::OwnedValue;

extern "C" {

uint32_t tenon_value_kind(const tenon_value* value) { return value == nullptr ? 0 : value->kind; }

int32_t tenon_value_create_sequence(const tenon_value* const* items, uint64_t count, tenon_value** out,
                                    tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (out == nullptr) {
      return bad_argument("tenon_value_create_sequence: out is NULL");
    }
    OwnedValue made(new tenon_value());
    made->kind = TENON_KIND_SEQUENCE;
    made->depth = 1;
    TENON_RETURN_IF_ERROR(tenon::api::add_items("tenon_value_create_sequence", items, count, made.get()));
    *out = made.release();
    return {};
  });
}

int32_t tenon_value_create_optional(const tenon_value* item, tenon_value** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (out == nullptr || (item != nullptr && item->kind == TENON_KIND_OPTIONAL)) {
      return bad_argument("tenon_value_create_optional: out is NULL, or the item is an optional itself");
    }
    OwnedValue made(new tenon_value());
    made->kind = TENON_KIND_OPTIONAL;
    made->depth = 1;
    TENON_RETURN_IF_ERROR(
        tenon::api::add_items("tenon_value_create_optional", &item, item == nullptr ? 0 : 1, made.get()));
    *out = made.release();
    return {};
  });
}

int32_t tenon_value_create_map(const tenon_value* keys, const tenon_value* const* values, uint64_t count,
                               tenon_value** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (out == nullptr || keys == nullptr) {
      return bad_argument("tenon_value_create_map: keys or out is NULL");
    }
    return tenon::api::create_map(keys, values, count, out);
  });
}

uint64_t tenon_value_count(const tenon_value* value) { return value == nullptr ? 0 : value->items.size(); }

int32_t tenon_value_item(const tenon_value* value, uint64_t index, tenon_value** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (value == nullptr || out == nullptr) {
      return bad_argument("tenon_value_item: value or out is NULL");
    }
    if (index >= value->items.size()) {
      return bad_argument("tenon_value_item: item " + std::to_string(index) + " of a value of type " +
                          tenon::api::type_text(*value) + " with " + std::to_string(value->items.size()));
    }
    *out = tenon::api::retained(value->items[index]);
    return {};
  });
}

int32_t tenon_value_map_keys(const tenon_value* value, tenon_value** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (value == nullptr || out == nullptr || value->keys == nullptr) {
      return bad_argument("tenon_value_map_keys: value or out is NULL, or the value is no map");
    }
    *out = tenon::api::retained(value->keys);
    return {};
  });
}

}  // extern "C"
