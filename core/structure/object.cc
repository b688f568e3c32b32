// SPDX-License-Identifier: Apache-2.0
#include "core/structure/object.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/checked.hpp"
#include "core/base/dims_text.hpp"

namespace tenon {
namespace {

constexpr uint64_t kAlign = 64;  // as activations have

Status wrong(const std::string& what, std::string got, std::string expected) {
  return Status(TENON_INVALID_TENSOR, what + " is " + got + ", expected " + expected)
      .with_expectation(std::move(got), std::move(expected));
}

std::string shape_text(const std::vector<Dim>& shape) {
  std::string text = "[";
  for (const Dim& dim : shape) {
    text += (text.size() > 1 ? ", " : "") + (dim.known() ? std::to_string(dim.size) : std::string("?"));
  }
  return text + "]";
}

Status check_tensor_object(const Object& object, const Type& type, const std::string& what) {
  if (type.dtype != TENON_UNDEFINED && object.dtype != type.dtype) {
    return wrong(what, std::string(dtype_name(object.dtype)), std::string(dtype_name(type.dtype)));
  }
  if (!type.shape) {
    return {};
  }
  const bool fits = type.shape->size() == object.dims.size() &&
                    std::equal(object.dims.begin(), object.dims.end(), type.shape->begin(),
                               [](int64_t size, const Dim& dim) { return !dim.known() || dim.size == size; });
  return fits ? Status()
              : wrong(what, dims_text(object.dims.data(), static_cast<uint32_t>(object.dims.size())),
                      shape_text(*type.shape));
}

std::string held_text(const Object& object) { return object.items.empty() ? "?" : type_text(*object.items.front()); }

}  // namespace

Result<std::shared_ptr<Object>> new_tensor(Memory* memory, Dtype dtype, std::span<const int64_t> dims,
                                           uint64_t string_bytes, std::byte** data) {
  const std::optional<uint64_t> elements = element_count(dims);
  std::optional<uint64_t> bytes = elements ? dtype_bytes(dtype, *elements) : std::nullopt;
  if (dtype == TENON_STRING) {
    bytes = string_bytes;
  }
  if (!elements || !bytes) {
    return Status(TENON_LIMIT, "a tensor " + dims_text(dims.data(), static_cast<uint32_t>(dims.size())) +
                                   " would have more than 2^64 bytes");
  }
  auto buffer = std::make_shared<Buffer>();
  TENON_ASSIGN_OR_RETURN(*buffer, memory->allocate(std::max<uint64_t>(*bytes, 1), kAlign, "an element of a sequence"));
  *data = buffer->data();
  return tensor_over(dtype, dims, *data, *bytes, std::move(buffer));
}

std::shared_ptr<Object> tensor_over(Dtype dtype, std::span<const int64_t> dims, const std::byte* data, uint64_t bytes,
                                    std::shared_ptr<const void> owner) {
  auto object = std::make_shared<Object>();
  object->dtype = dtype;
  object->dims.assign(dims.begin(), dims.end());
  object->data = data;
  object->bytes = bytes;
  object->owner = std::move(owner);
  return object;
}

ObjectPtr make_sequence(std::vector<ObjectPtr> items) {
  auto object = std::make_shared<Object>();
  object->kind = TypeKind::sequence;
  object->items = std::move(items);
  return object;
}

ObjectPtr make_optional(ObjectPtr item) {
  auto object = std::make_shared<Object>();
  object->kind = TypeKind::optional;
  if (item != nullptr) {
    object->items.push_back(std::move(item));
  }
  return object;
}

std::shared_ptr<Object> changeable(ObjectPtr object) {
  return object.use_count() == 1 ? std::const_pointer_cast<Object>(object) : std::make_shared<Object>(*object);
}

Result<ObjectPtr> keep(const ObjectPtr& object, Memory* memory) {
  if (object->kind == TypeKind::tensor) {
    if (!object->borrowed) {
      return object;
    }
    std::byte* data = nullptr;
    TENON_ASSIGN_OR_RETURN(std::shared_ptr<Object> copy,
                           new_tensor(memory, object->dtype, object->dims, object->bytes, &data));
    if (copy->bytes > 0) {
      std::memcpy(data, object->data, copy->bytes);
    }
    return ObjectPtr(std::move(copy));
  }
  std::shared_ptr<Object> changed;
  const auto replace = [&](const ObjectPtr& from, auto place) -> Status {
    TENON_ASSIGN_OR_RETURN(ObjectPtr kept, keep(from, memory));
    if (kept != from) {
      if (changed == nullptr) {
        changed = std::make_shared<Object>(*object);
      }
      place(*changed) = std::move(kept);
    }
    return {};
  };
  for (size_t i = 0; i < object->items.size(); ++i) {
    TENON_RETURN_IF_ERROR(replace(object->items[i], [i](Object& to) -> ObjectPtr& { return to.items[i]; }));
  }
  if (object->keys != nullptr) {
    TENON_RETURN_IF_ERROR(replace(object->keys, [](Object& to) -> ObjectPtr& { return to.keys; }));
  }
  return changed != nullptr ? ObjectPtr(std::move(changed)) : object;
}

Status check_object(const Object& object, const Type& type, const std::string& what) {
  if (!type.known()) {
    return {};
  }
  if (object.kind != type.kind) {
    return wrong(what, "a value of type " + type_text(object), type_text(type));
  }
  if (object.kind == TypeKind::tensor) {
    return check_tensor_object(object, type, what);
  }
  if (object.keys != nullptr && type.dtype != TENON_UNDEFINED && object.keys->dtype != type.dtype) {
    return wrong("the keys of " + what, std::string(dtype_name(object.keys->dtype)),
                 std::string(dtype_name(type.dtype)));
  }
  if (type.element == nullptr) {
    return {};
  }
  for (size_t i = 0; i < object.items.size(); ++i) {
    TENON_RETURN_IF_ERROR(check_object(
        *object.items[i], *type.element,
        object.kind == TypeKind::optional ? "the value of " + what : "element " + std::to_string(i) + " of " + what));
  }
  return {};
}

std::string type_text(const Type& type) {
  const auto element = [&] { return type.element ? type_text(*type.element) : std::string("?"); };
  switch (type.kind) {
    case TypeKind::tensor:
      return "tensor(" + std::string(dtype_name(type.dtype)) + ")";
    case TypeKind::sparse_tensor:
      return "sparse_tensor(" + std::string(dtype_name(type.dtype)) + ")";
    case TypeKind::sequence:
      return "seq(" + element() + ")";
    case TypeKind::optional:
      return "optional(" + element() + ")";
    case TypeKind::map:
      return "map(" + std::string(dtype_name(type.dtype)) + "," + element() + ")";
    case TypeKind::none:
      return "unknown";
  }
  return "unknown";
}

std::string type_text(const Object& object) {
  switch (object.kind) {
    case TypeKind::sequence:
      return "seq(" + held_text(object) + ")";
    case TypeKind::optional:
      return "optional(" + held_text(object) + ")";
    case TypeKind::map:
      return "map(" + std::string(dtype_name(object.keys->dtype)) + "," + held_text(object) + ")";
    default:
      return "tensor(" + std::string(dtype_name(object.dtype)) + ")";
  }
}

}  // namespace tenon
