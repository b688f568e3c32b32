// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/forms/forms.hpp"

#include <bit>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "core/onnx/forms/rules.hpp"
#include "core/onnx/schema.hpp"

namespace tenon::forms {
namespace {

// Round to nearest even. The scalars of rules are finite or infinite, never NaN.
uint16_t to_float16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude >= 0x477FF000U) {  // rounds to infinity
    return static_cast<uint16_t>(sign | 0x7C00U);
  }
  if (magnitude < 0x38800000U) {  // subnormal: let the addition round
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000U));
  }
  const uint32_t odd = (magnitude >> 13) & 1U;
  return static_cast<uint16_t>(sign | ((magnitude - 0x38000000U + 0xFFFU + odd) >> 13));
}

uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

}  // namespace

Result<ValueId> Raise::emit(std::string op, std::vector<ValueId> inputs, std::vector<Attribute> attributes) {
  Node added;
  added.name = node.name + "_" + op;
  added.domain = "ai.onnx";
  added.op = std::move(op);
  added.inputs = std::move(inputs);
  added.attributes = std::move(attributes);
  added.origins = node.origins;
  const ValueId output = graph_->add_value(added.name);
  added.outputs = {output};
  TENON_RETURN_IF_ERROR(add(std::move(added)));
  return output;
}

ValueId Raise::constant(std::string_view name, ConstantPtr value) {
  return graph_->add_constant(node.name + "_" + std::string(name), std::move(value));
}

ValueId Raise::int64s(std::string_view name, const std::vector<int64_t>& values) {
  return constant(name, make_int64_constant({static_cast<int64_t>(values.size())}, values));
}

ValueId Raise::scalar(std::string_view name, Dtype dtype, double value) {
  const auto narrow = static_cast<float>(value);
  uint16_t half = 0;
  switch (dtype) {
    case TENON_FLOAT32:
      return constant(name, make_constant(dtype, {}, &narrow, sizeof(narrow)));
    case TENON_FLOAT64:
      return constant(name, make_constant(dtype, {}, &value, sizeof(value)));
    case TENON_FLOAT16:
      half = to_float16(narrow);
      break;
    case TENON_BFLOAT16:
      half = to_bfloat16(narrow);
      break;
    default:
      return kNone;
  }
  return constant(name, make_constant(dtype, {}, &half, sizeof(half)));
}

const Type& Raise::type(size_t input) const {
  static const Type unknown;
  return has_input(input) ? graph_->values[node.inputs[input]].type : unknown;
}

int64_t Raise::rank(size_t input) const {
  const Type& known = type(input);
  return known.is_tensor() && known.shape ? static_cast<int64_t>(known.shape->size()) : -1;
}

bool Raise::integers(size_t input, std::vector<int64_t>* out) const {
  const Constant* value = has_input(input) ? graph_->constant_of(node.inputs[input]) : nullptr;
  return value != nullptr && read_integers(*value, out);
}

bool Raise::floats(size_t input, std::vector<float>* out) const {
  const Constant* value = has_input(input) ? graph_->constant_of(node.inputs[input]) : nullptr;
  if (value == nullptr || value->dtype != TENON_FLOAT32 || value->elements() > 64) {
    return false;
  }
  out->resize(value->elements());
  for (size_t i = 0; i < out->size(); ++i) {
    std::memcpy(&(*out)[i], value->data + (value->splat ? 0 : i * sizeof(float)), sizeof(float));
  }
  return true;
}

Status Raise::refuse(std::string why) const {
  return Status(TENON_UNSUPPORTED, "has form " + std::to_string(form) + " of opset " + std::to_string(opset) +
                                       ", which can't be brought to opset " + std::to_string(onnx_facts::kOpset) +
                                       ": " + std::move(why));
}

Rule find_rule(std::string_view domain, std::string_view op) {
  static const std::unordered_map<std::string_view, Rule> onnx_rules = {
#define RAISE(op, function) {#op, function},
#define RAISE_ML(op, function)
#include "core/onnx/forms/rules.def"
#undef RAISE
#undef RAISE_ML
  };
  static const std::unordered_map<std::string_view, Rule> ml_rules = {
#define RAISE(op, function)
#define RAISE_ML(op, function) {#op, function},
#include "core/onnx/forms/rules.def"
#undef RAISE
#undef RAISE_ML
  };
  const auto& rules = domain == "ai.onnx" ? onnx_rules : ml_rules;
  const auto it = domain == "ai.onnx" || domain == "ai.onnx.ml" ? rules.find(op) : rules.end();
  return it == rules.end() ? nullptr : it->second;
}

Attribute make_int(std::string name, int64_t value) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = onnx_facts::kAttrInt;
  attribute.i = value;
  return attribute;
}

Attribute make_ints(std::string name, std::vector<int64_t> value) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = onnx_facts::kAttrInts;
  attribute.ints = std::move(value);
  return attribute;
}

}  // namespace tenon::forms
