// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/libonnx.hpp"

#include <charconv>
#include <cstring>
#include <limits>
#include <string>

#include "core/onnx/schema.hpp"

namespace tenon::onnx_facts {
namespace {

void shape_to_proto(const Shape& shape, tenon_onnx::TensorShapeProto* out) {
  for (const Dim& dim : *shape) {
    tenon_onnx::TensorShapeProto_Dimension* proto = out->add_dim();
    if (dim.known()) {
      proto->set_dim_value(dim.size);
    } else if (dim.symbol != 0) {
      proto->set_dim_param(std::to_string(dim.symbol));
    }
  }
}

bool shape_from_proto(const tenon_onnx::TensorShapeProto& proto, Shape* out) {
  std::vector<Dim>& dims = out->emplace();
  dims.reserve(static_cast<size_t>(proto.dim_size()));
  for (const auto& dim : proto.dim()) {
    Dim& added = dims.emplace_back();
    if (dim.has_dim_value()) {
      if (dim.dim_value() < 0) {
        return false;
      }
      added.size = dim.dim_value();
    } else if (dim.has_dim_param()) {
      const std::string& name = dim.dim_param();
      const auto result = std::from_chars(name.data(), name.data() + name.size(), added.symbol);
      if (result.ec != std::errc() || result.ptr != name.data() + name.size()) {
        added.symbol = 0;
      }
    }
  }
  return true;
}

template <typename Tensor>
bool tensor_from_proto(const Tensor& tensor, Type* out) {
  // No element type is allowed: the caller fills it in from a type variable.
  if (tensor.elem_type() < 0 || tensor.elem_type() >= TENON_DTYPE_COUNT) {
    return false;
  }
  out->dtype = static_cast<Dtype>(tensor.elem_type());
  return !tensor.has_shape() || shape_from_proto(tensor.shape(), &out->shape);
}

bool element_from_proto(const tenon_onnx::TypeProto& proto, Type* out) {
  auto element = std::make_shared<Type>();
  if (!onnx_facts::from_proto(proto, element.get())) {
    return false;
  }
  out->element = std::move(element);
  return true;
}

}  // namespace

void to_proto(const Type& type, tenon_onnx::TypeProto* out) {
  switch (type.kind) {
    case TypeKind::none:
      break;
    case TypeKind::tensor:
      out->mutable_tensor_type()->set_elem_type(static_cast<int32_t>(type.dtype));
      if (type.shape) {
        shape_to_proto(type.shape, out->mutable_tensor_type()->mutable_shape());
      }
      break;
    case TypeKind::sparse_tensor:
      out->mutable_sparse_tensor_type()->set_elem_type(static_cast<int32_t>(type.dtype));
      if (type.shape) {
        shape_to_proto(type.shape, out->mutable_sparse_tensor_type()->mutable_shape());
      }
      break;
    case TypeKind::sequence:
      out->mutable_sequence_type()->mutable_elem_type();
      if (type.element) {
        to_proto(*type.element, out->mutable_sequence_type()->mutable_elem_type());
      }
      break;
    case TypeKind::optional:
      out->mutable_optional_type()->mutable_elem_type();
      if (type.element) {
        to_proto(*type.element, out->mutable_optional_type()->mutable_elem_type());
      }
      break;
    case TypeKind::map:
      out->mutable_map_type()->set_key_type(static_cast<int32_t>(type.dtype));
      out->mutable_map_type()->mutable_value_type();
      if (type.element) {
        to_proto(*type.element, out->mutable_map_type()->mutable_value_type());
      }
      break;
  }
}

bool from_proto(const tenon_onnx::TypeProto& proto, Type* out) {
  *out = Type{};
  switch (proto.value_case()) {
    case tenon_onnx::TypeProto::VALUE_NOT_SET:
      return true;
    case tenon_onnx::TypeProto::kTensorType:
      out->kind = TypeKind::tensor;
      return tensor_from_proto(proto.tensor_type(), out);
    case tenon_onnx::TypeProto::kSparseTensorType:
      out->kind = TypeKind::sparse_tensor;
      return tensor_from_proto(proto.sparse_tensor_type(), out);
    case tenon_onnx::TypeProto::kSequenceType:
      out->kind = TypeKind::sequence;
      return element_from_proto(proto.sequence_type().elem_type(), out);
    case tenon_onnx::TypeProto::kOptionalType:
      out->kind = TypeKind::optional;
      return element_from_proto(proto.optional_type().elem_type(), out);
    case tenon_onnx::TypeProto::kMapType:
      out->kind = TypeKind::map;
      out->dtype = static_cast<Dtype>(proto.map_type().key_type());
      return dtype_valid(out->dtype) && element_from_proto(proto.map_type().value_type(), out);
    default:
      return false;
  }
}

void to_proto(const Attribute& attribute, tenon_onnx::AttributeProto* out) {
  out->set_name(attribute.name);
  out->set_type(static_cast<tenon_onnx::AttributeProto_AttributeType>(attribute.type));
  switch (attribute.type) {
    case kAttrFloat:
      out->set_f(attribute.f);
      break;
    case kAttrInt:
      out->set_i(attribute.i);
      break;
    case kAttrString:
      out->set_s(attribute.s);
      break;
    case kAttrFloats:
      out->mutable_floats()->Add(attribute.floats.begin(), attribute.floats.end());
      break;
    case kAttrInts:
      out->mutable_ints()->Add(attribute.ints.begin(), attribute.ints.end());
      break;
    case kAttrStrings:
      for (const std::string& text : attribute.strings) {
        out->add_strings(text);
      }
      break;
    case kAttrTensor:
      if (attribute.tensor) {
        to_proto(*attribute.tensor, out->mutable_t());
      }
      break;
    case kAttrType:
      if (attribute.type_value) {
        to_proto(*attribute.type_value, out->mutable_tp());
      }
      break;
    default:
      break;
  }
}

void from_proto(const tenon_onnx::AttributeProto& proto, Attribute* out) {
  out->name = proto.name();
  out->type = static_cast<uint32_t>(proto.type());
  out->f = proto.f();
  out->i = proto.i();
  out->s = proto.s();
  out->floats.assign(proto.floats().begin(), proto.floats().end());
  out->ints.assign(proto.ints().begin(), proto.ints().end());
  out->strings.assign(proto.strings().begin(), proto.strings().end());
}

void to_proto(const Constant& constant, tenon_onnx::TensorProto* out) {
  out->set_data_type(static_cast<int32_t>(constant.dtype));
  for (const int64_t dim : constant.dims) {
    out->add_dims(dim);
  }
  const char* data = reinterpret_cast<const char*>(constant.data);
  if (constant.dtype == TENON_STRING) {
    const uint64_t count = constant.elements();
    for (uint64_t i = 0; i < count; ++i) {
      int64_t range[2];
      std::memcpy(range, data + i * sizeof(int64_t), sizeof(range));
      out->add_string_data(data + (count + 1) * sizeof(int64_t) + range[0], static_cast<size_t>(range[1] - range[0]));
    }
    return;
  }
  std::string* raw = out->mutable_raw_data();
  const uint64_t times = constant.splat ? constant.elements() : 1;
  for (uint64_t i = 0; i < times; ++i) {
    raw->append(data, constant.bytes);
  }
}

}  // namespace tenon::onnx_facts
