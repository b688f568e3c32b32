// SPDX-License-Identifier: Apache-2.0
#include "core/opt/pass.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/shape/infer.hpp"

namespace tenon {
namespace {

// Value of an IEEE-like half with `fraction` bits of fraction: float16 (10) or bfloat16 (7).
double half_value(uint16_t bits, int fraction) {
  const int exponent_bits = 15 - fraction;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = bits >> fraction & ((1 << exponent_bits) - 1);
  const int rest = bits & ((1 << fraction) - 1);
  double value;
  if (exponent == (1 << exponent_bits) - 1) {
    value = rest == 0 ? HUGE_VAL : std::nan("");
  } else if (exponent == 0) {
    value = std::ldexp(rest, 1 - bias - fraction);
  } else {
    value = std::ldexp(rest + (1 << fraction), exponent - bias - fraction);
  }
  return bits >> 15 ? -value : value;
}

template <typename T>
T load(const std::byte* data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

std::optional<double> first_element(const Constant& constant) {
  switch (constant.dtype) {
    case TENON_FLOAT32:
      return static_cast<double>(load<float>(constant.data));
    case TENON_FLOAT64:
      return load<double>(constant.data);
    case TENON_FLOAT16:
      return half_value(load<uint16_t>(constant.data), 10);
    case TENON_BFLOAT16:
      return half_value(load<uint16_t>(constant.data), 7);
    default: {
      Constant one = constant;
      one.dims.clear();
      std::vector<int64_t> values;
      if (!read_integers(one, &values, 1) || std::abs(values[0]) > (int64_t{1} << 52)) {
        return std::nullopt;
      }
      return static_cast<double>(values[0]);
    }
  }
}

}  // namespace

const Node* producer(const Graph& graph, ValueId value, std::string_view op) {
  if (value == kNone || graph.values[value].producer == kNone) {
    return nullptr;
  }
  const Node& node = graph.nodes[graph.values[value].producer];
  return node.is(op) && graph.values[value].output_index == 0 ? &node : nullptr;
}

NodeId sole_user(const Graph& graph, ValueId value) {
  const std::vector<NodeId>& users = graph.values[value].users;
  return users.size() == 1 && !graph.is_graph_output(value) ? users[0] : kNone;
}

std::optional<double> uniform_value(const Graph& graph, ValueId value) {
  const Constant* constant = graph.constant_of(value);
  if (constant == nullptr || (!constant->splat && constant->elements() != 1)) {
    return std::nullopt;
  }
  return first_element(*constant);
}

std::optional<double> scalar_value(const Graph& graph, ValueId value, size_t max_rank) {
  const Constant* constant = graph.constant_of(value);
  if (constant == nullptr || constant->elements() != 1 || constant->dims.size() > max_rank) {
    return std::nullopt;
  }
  return first_element(*constant);
}

ValueId other_input(const Node& node, ValueId known) {
  if (node.inputs.size() != 2) {
    return kNone;
  }
  return node.inputs[0] == known ? node.inputs[1] : node.inputs[1] == known ? node.inputs[0] : kNone;
}

bool same_shape(const Type& a, const Type& b) {
  if (!a.is_tensor() || !b.is_tensor() || a.dtype != b.dtype || !a.shape || !b.shape || *a.shape != *b.shape) {
    return false;
  }
  return std::all_of(a.shape->begin(), a.shape->end(), [](const Dim& dim) { return dim.known() || dim.symbol != 0; });
}

bool is_float(Dtype dtype) {
  return dtype == TENON_FLOAT32 || dtype == TENON_FLOAT64 || dtype == TENON_FLOAT16 || dtype == TENON_BFLOAT16;
}

std::optional<std::vector<int64_t>> constant_integers(const Graph& graph, ValueId value) {
  const Constant* constant = graph.constant_of(value);
  std::vector<int64_t> numbers;
  if (constant == nullptr || !read_integers(*constant, &numbers)) {
    return std::nullopt;
  }
  return numbers;
}

Result<ValueId> add_node(PassContext& context, Graph& graph, NodeId before, std::string op, std::vector<ValueId> inputs,
                         std::vector<Attribute> attributes, std::vector<OriginId> origins, std::string_view name) {
  Node node;
  node.name = std::string(name);
  node.domain = "ai.onnx";
  node.form = onnx_facts::current_form(node.domain, op);
  node.op = std::move(op);
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  node.origins = std::move(origins);
  const ValueId output = graph.add_value(std::string(name));
  node.outputs = {output};
  TENON_RETURN_IF_ERROR(onnx_facts::complete(&node, context.services.custom));
  const NodeId id = graph.add_node(std::move(node), before);
  TENON_RETURN_IF_ERROR(infer_node(&graph, id, {context.services.custom}));
  return output;
}

namespace {
Attribute attribute(std::string name, uint32_t type) {
  Attribute a;
  a.name = std::move(name);
  a.type = type;
  return a;
}
}  // namespace

Attribute int_attribute(std::string name, int64_t value) {
  Attribute a = attribute(std::move(name), 2);
  a.i = value;
  return a;
}
Attribute ints_attribute(std::string name, std::vector<int64_t> value) {
  Attribute a = attribute(std::move(name), 7);
  a.ints = std::move(value);
  return a;
}
Attribute float_attribute(std::string name, float value) {
  Attribute a = attribute(std::move(name), 1);
  a.f = value;
  return a;
}
Attribute string_attribute(std::string name, std::string value) {
  Attribute a = attribute(std::move(name), 3);
  a.s = std::move(value);
  return a;
}

ValueId add_scalar(Graph& graph, std::string_view name, Dtype dtype, double value) {
  const auto narrow = static_cast<float>(value);
  return graph.add_constant(std::string(name), dtype == TENON_FLOAT64
                                                   ? make_constant(dtype, {}, &value, sizeof(value))
                                                   : make_constant(TENON_FLOAT32, {}, &narrow, sizeof(narrow)));
}

void take_over(Graph& graph, ValueId from, ValueId to) {
  const bool renames = graph.parent == nullptr && graph.is_graph_output(from);
  graph.replace_uses(from, to, true);
  if (!renames) {
    std::swap(graph.values[from].name, graph.values[to].name);
  }
}

void mark(PassContext& context, const Node& node, Fate fate, std::string by, std::string detail) {
  for (OriginId id : node.origins) {
    Origin& origin = context.model.origins[id];
    if (origin.fate != Fate::replaced && origin.fate != Fate::expanded) {
      origin.fate = fate;
      origin.by = by;
      origin.detail = detail;
    }
  }
}

void retire(PassContext& context, Graph& graph, std::vector<NodeId> ids, std::string by_node) {
  for (NodeId id : ids) {
    mark(context, graph.nodes[id], by_node.empty() ? Fate::removed : Fate::replaced, std::string(context.pass),
         by_node);
  }
  for (NodeId id : ids) {
    graph.erase_node(id);
  }
}

bool bypass(PassContext& context, Graph& graph, NodeId id, ValueId to) {
  const ValueId from = graph.nodes[id].outputs[0];
  if (!graph.can_take_outputs(from, to)) {
    return false;
  }
  graph.replace_uses(from, to, true);
  retire(context, graph, {id});
  ++context.changes;
  return true;
}

void append_origins(std::vector<OriginId>* to, const Node& from) {
  for (OriginId id : from.origins) {
    if (std::find(to->begin(), to->end(), id) == to->end()) {
      to->push_back(id);
    }
  }
}

}  // namespace tenon
