// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/lowering/lowering.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {
namespace {

constexpr uint64_t kMostElements = 4096;  // of constants that become attributes

float float16_value(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const float magnitude = exponent == 31  ? (fraction == 0 ? INFINITY : NAN)
                          : exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                          : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

float bfloat16_value(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

}  // namespace

uint32_t Targets::opset_of(std::string_view domain) const {
  const auto it = opsets.find(domain);
  return it == opsets.end() || it->second == 0 ? onnx_facts::newest_opset(domain) : it->second;
}

Targets make_targets(const Model& model, uint32_t opset) {
  Targets targets;
  targets.opsets.insert(model.opsets.begin(), model.opsets.end());
  const auto own = model.opsets.find("ai.onnx");
  targets.own_opset = own == model.opsets.end() ? opset : own->second;
  targets.opsets.insert_or_assign("ai.onnx", opset);
  return targets;
}

Lower::Lower(Graph* graph, Node lowered, const Targets& wanted, std::vector<Node>* before)
    : node(std::move(lowered)), targets(wanted), graph_(graph), before_(before) {}

Result<ValueId> Lower::emit(std::string op, std::vector<ValueId> inputs, std::vector<Attribute> attributes, Type type) {
  Node added;
  added.name = graph_->unique_node_name(node.name + "_" + op);
  added.domain = "ai.onnx";
  added.op = std::move(op);
  added.form = onnx_facts::current_form(added.domain, added.op);
  added.inputs = std::move(inputs);
  added.attributes = std::move(attributes);
  added.origins = node.origins;
  const ValueId output = graph_->add_value(added.name, std::move(type));
  added.outputs = {output};
  const onnx_facts::Operator* schema = onnx_facts::current_operator(added.domain, added.op);
  if (schema == nullptr) {
    return Status(TENON_INTERNAL, "a rewrite makes the unknown operator " + added.op);
  }
  TENON_RETURN_IF_ERROR(onnx_facts::check_and_complete(*schema, &added));
  TENON_RETURN_IF_ERROR(lower_node(graph_, added, targets, before_));
  return output;
}

ValueId Lower::constant(std::string_view name, ConstantPtr value) {
  return graph_->add_constant(node.name + "_" + std::string(name), std::move(value));
}

const Type& Lower::type(size_t input) const {
  static const Type unknown;
  return has_input(input) ? graph_->values[node.inputs[input]].type : unknown;
}

const Type& Lower::output_type(size_t output) const {
  static const Type unknown;
  return has_output(output) ? graph_->values[node.outputs[output]].type : unknown;
}

const Node* Lower::maker(ValueId value, std::string_view op) const {
  const NodeId id = value == kNone ? kNone : graph_->values[value].producer;
  return id != kNone && graph_->nodes[id].is(op) ? &graph_->nodes[id] : nullptr;
}

int64_t Lower::rank(size_t input) const {
  const Type& known = type(input);
  return known.is_tensor() && known.shape ? static_cast<int64_t>(known.shape->size()) : -1;
}

bool Lower::integers(size_t input, std::vector<int64_t>* out) const {
  const Constant* value = constant_input(input);
  return value != nullptr && read_integers(*value, out, kMostElements);
}

bool Lower::floats(size_t input, std::vector<float>* out) const {
  const Constant* value = constant_input(input);
  if (value == nullptr || value->dtype != TENON_FLOAT32 || value->elements() > kMostElements) {
    return false;
  }
  out->resize(value->elements());
  for (size_t i = 0; i < out->size(); ++i) {
    std::memcpy(&(*out)[i], value->data + (value->splat ? 0 : i * sizeof(float)), sizeof(float));
  }
  return true;
}

bool Lower::number(size_t input, float* out) const {
  const Constant* value = constant_input(input);
  if (value == nullptr || value->elements() != 1) {
    return false;
  }
  uint16_t half = 0;
  double wide = 0;
  switch (value->dtype) {
    case TENON_FLOAT32:
      std::memcpy(out, value->data, sizeof(*out));
      return true;
    case TENON_FLOAT16:
      std::memcpy(&half, value->data, sizeof(half));
      *out = float16_value(half);
      return true;
    case TENON_BFLOAT16:
      std::memcpy(&half, value->data, sizeof(half));
      *out = bfloat16_value(half);
      return true;
    case TENON_FLOAT64:
      std::memcpy(&wide, value->data, sizeof(wide));
      *out = static_cast<float>(wide);
      return std::isnan(wide) || static_cast<double>(*out) == wide;
    default:
      return false;
  }
}

void Lower::keep_inputs(size_t count) {
  node.inputs.resize(std::min(count, node.inputs.size()));
  while (!node.inputs.empty() && node.inputs.back() == kNone) {
    node.inputs.pop_back();
  }
}

Status Lower::refuse(std::string why) const { return Status(TENON_UNSUPPORTED, std::move(why)); }

}  // namespace tenon::lowering
