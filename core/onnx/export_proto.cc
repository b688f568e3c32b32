// SPDX-License-Identifier: Apache-2.0
// Field numbers are onnx.proto's.
#include "core/onnx/export_proto.hpp"

#include <cstring>
#include <utility>

#include "core/onnx/schema.hpp"

namespace tenon::onnx_export {
namespace {

using wire::Message;

constexpr uint64_t kSmallAlignment = 64;
constexpr uint64_t kPage = 4096;  // what others map by itself begins on a page
constexpr uint64_t kPaged = 1u << 20;

Message shape_message(const std::vector<Dim>& dims, const Model& model) {
  Message shape;
  for (const Dim& dim : dims) {
    Message one;
    const std::string& symbol = model.symbols[dim.known() ? 0 : dim.symbol];
    if (dim.known()) {
      one.varint(1, static_cast<uint64_t>(dim.size));
    } else if (!symbol.empty() && symbol.front() != '?') {
      one.text(2, symbol);
    }
    shape.message(1, std::move(one));
  }
  return shape;
}

Message entry(std::string_view key, std::string_view value) {
  Message pair;
  pair.text(1, key);
  pair.text(2, value);
  return pair;
}

void put_strings(const Constant& constant, Message* tensor) {
  const uint64_t count = constant.elements();
  const char* texts = reinterpret_cast<const char*>(constant.data) + (count + 1) * sizeof(int64_t);
  for (uint64_t i = 0; i < count; ++i) {
    int64_t range[2];
    std::memcpy(range, constant.data + i * sizeof(int64_t), sizeof(range));
    tensor->text(6, {texts + range[0], static_cast<size_t>(range[1] - range[0])});
  }
}

uint64_t align(uint64_t at, uint64_t alignment) { return (at + alignment - 1) / alignment * alignment; }

}  // namespace

Message type_message(const Type& type, const Model& model) {
  Message out;
  Message inner;
  switch (type.kind) {
    case TypeKind::none:
      break;
    case TypeKind::tensor:
    case TypeKind::sparse_tensor:
      inner.varint(1, type.dtype);
      if (type.shape) {
        inner.message(2, shape_message(*type.shape, model));
      }
      out.message(type.kind == TypeKind::tensor ? 1 : 8, std::move(inner));
      break;
    case TypeKind::sequence:
    case TypeKind::optional:
      inner.message(1, type_message(type.element ? *type.element : Type{}, model));
      out.message(type.kind == TypeKind::sequence ? 4 : 9, std::move(inner));
      break;
    case TypeKind::map:
      inner.varint(1, type.dtype);
      inner.message(2, type_message(type.element ? *type.element : Type{}, model));
      out.message(5, std::move(inner));
      break;
  }
  return out;
}

Message value_info_message(std::string_view name, const Type& type, const Model& model) {
  Message info;
  info.text(1, name);
  if (type.known()) {
    info.message(2, type_message(type, model));
  }
  return info;
}

Message tensor_message(std::string_view name, const Constant& constant, ExternalFile* external) {
  Message tensor;
  for (const int64_t dim : constant.dims) {
    tensor.varint(1, static_cast<uint64_t>(dim));
  }
  tensor.varint(2, constant.dtype);
  if (constant.dtype == TENON_STRING) {
    put_strings(constant, &tensor);
    tensor.text_if(8, name);
    return tensor;
  }
  tensor.text_if(8, name);
  const uint64_t bytes = constant.full_bytes();
  if (external != nullptr && bytes >= kExternalFrom) {
    const uint64_t offset = align(external->size, bytes >= kPaged ? kPage : kSmallAlignment);
    tensor.message(13, entry("location", external->name));
    tensor.message(13, entry("offset", std::to_string(offset)));
    tensor.message(13, entry("length", std::to_string(bytes)));
    tensor.varint(14, 1);
    external->entries.push_back({&constant, offset});
    external->size = offset + bytes;
    return tensor;
  }
  tensor.data(9, constant.data, constant.bytes, constant.splat ? constant.elements() : 1);
  return tensor;
}

Message attribute_message(const Attribute& attribute, const Model& model) {
  Message out;
  out.text(1, attribute.name);
  switch (attribute.type) {
    case onnx_facts::kAttrFloat:
      out.fixed32(2, attribute.f);
      break;
    case onnx_facts::kAttrInt:
      out.varint(3, static_cast<uint64_t>(attribute.i));
      break;
    case onnx_facts::kAttrString:
      out.text(4, attribute.s);
      break;
    case onnx_facts::kAttrTensor:
      if (attribute.tensor) {
        out.message(5, tensor_message("", *attribute.tensor, nullptr));
      }
      break;
    case onnx_facts::kAttrFloats:
      for (const float value : attribute.floats) {
        out.fixed32(7, value);
      }
      break;
    case onnx_facts::kAttrInts:
      for (const int64_t value : attribute.ints) {
        out.varint(8, static_cast<uint64_t>(value));
      }
      break;
    case onnx_facts::kAttrStrings:
      for (const std::string& text : attribute.strings) {
        out.text(9, text);
      }
      break;
    case onnx_facts::kAttrType:
      if (attribute.type_value) {
        out.message(14, type_message(*attribute.type_value, model));
      }
      break;
    default:
      break;
  }
  out.varint(20, attribute.type);
  return out;
}

Message graph_attribute_message(std::string_view name, Message graph) {
  Message out;
  out.text(1, name);
  out.message(6, std::move(graph));
  out.varint(20, onnx_facts::kAttrGraph);
  return out;
}

}  // namespace tenon::onnx_export
