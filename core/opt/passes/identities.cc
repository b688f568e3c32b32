// SPDX-License-Identifier: Apache-2.0
// Nodes that return an input with the same bits, NaN, infinities and -0 included. x+0 is none: it makes 0 of -0.
#include <algorithm>
#include <cmath>

#include "core/opt/pass.hpp"

namespace tenon {
namespace {

const Type& type_of(const Graph& graph, ValueId id) { return graph.values[id].type; }

bool is_positive_zero(double v) { return v == 0 && !std::signbit(v); }
bool is_negative_zero(double v) { return v == 0 && std::signbit(v); }

// The constant operand leaves the other one as it is, dims included.
bool neutral(const Graph& graph, const Node& node, size_t other, size_t operand) {
  const ValueId value = node.inputs[operand], kept = node.inputs[other];
  const std::optional<double> number = uniform_value(graph, value);
  if (!number || !same_shape(type_of(graph, kept), type_of(graph, node.outputs[0]))) {
    return false;
  }
  const bool real = is_float(type_of(graph, value).dtype);
  if (node.op == "Mul") {
    return *number == 1;
  }
  if (node.op == "Add") {
    return real ? is_negative_zero(*number) : *number == 0;
  }
  if (operand != 1) {
    return false;
  }
  return node.op == "Div" ? *number == 1 : node.op == "Sub" && (real ? is_positive_zero(*number) : *number == 0);
}

ValueId binary_identity(const Graph& graph, const Node& node) {
  if (node.inputs.size() != 2 || (node.op != "Mul" && node.op != "Div" && node.op != "Add" && node.op != "Sub")) {
    return kNone;
  }
  if (neutral(graph, node, 0, 1)) {
    return node.inputs[0];
  }
  return neutral(graph, node, 1, 0) ? node.inputs[1] : kNone;
}

bool dropout_is_identity(const Graph& graph, const Node& node) {
  if (node.outputs.size() > 1 && node.outputs[1] != kNone) {
    return false;
  }
  if (node.inputs.size() < 3 || node.inputs[2] == kNone) {
    return true;
  }
  const auto training = constant_integers(graph, node.inputs[2]);
  return training && training->size() == 1 && training->front() == 0;
}

// Pad by nothing.
bool pads_nothing(const Graph& graph, const Node& node) {
  const auto pads = node.inputs.size() > 1 ? constant_integers(graph, node.inputs[1]) : std::nullopt;
  return pads && std::all_of(pads->begin(), pads->end(), [](int64_t pad) { return pad == 0; });
}

// The input that the node's output equals, or kNone.
ValueId equal_input(const Graph& graph, const Node& node) {
  if (node.domain != "ai.onnx" || node.inputs.empty() || node.inputs[0] == kNone || node.outputs.empty() ||
      node.outputs[0] == kNone) {
    return kNone;
  }
  const ValueId first = node.inputs[0];
  const bool one_input = node.inputs.size() == 1;
  if (node.op == "Identity" || (node.op == "Dropout" && dropout_is_identity(graph, node))) {
    return first;
  }
  if (one_input &&
      (node.op == "Concat" || node.op == "Sum" || node.op == "Max" || node.op == "Min" || node.op == "Mean")) {
    return first;
  }
  if (one_input && node.outputs.size() == 1 && node.op == "Split") {
    return first;
  }
  if ((node.op == "Reshape" || node.op == "Flatten" || node.op == "Expand") &&
      same_shape(type_of(graph, first), type_of(graph, node.outputs[0]))) {
    return first;
  }
  if (node.op == "Pad" && pads_nothing(graph, node)) {
    return first;
  }
  if (node.op == "Neg" || node.op == "Not") {
    const Node* inner = producer(graph, first, node.op);
    return inner != nullptr ? inner->inputs[0] : kNone;
  }
  return binary_identity(graph, node);
}

// A Reshape does not care how its elements were grouped before, unless a 0 in its shape copies a dim of that grouping.
bool skip_inner_view(PassContext& context, Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  if (!node.is("Reshape") || node.inputs.size() != 2) {
    return false;
  }
  const NodeId inner = graph.values[node.inputs[0]].producer;
  if (inner == kNone) {
    return false;
  }
  const Node& view = graph.nodes[inner];
  const bool regroups = view.is("Reshape") || view.is("Flatten") || view.is("Squeeze") || view.is("Unsqueeze");
  const auto shape = constant_integers(graph, node.inputs[1]);
  if (!regroups || !shape ||
      (node.int_or("allowzero", 0) == 0 && std::find(shape->begin(), shape->end(), 0) != shape->end())) {
    return false;
  }
  graph.set_input(id, 0, view.inputs[0]);
  ++context.changes;
  return true;
}

}  // namespace

Status pass_identities(PassContext& context) {
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    for (NodeId id : std::vector<NodeId>(graph.order)) {
      if (!graph.nodes[id].live) {
        continue;
      }
      if (const ValueId to = equal_input(graph, graph.nodes[id]); to != kNone && bypass(context, graph, id, to)) {
        continue;
      }
      skip_inner_view(context, graph, id);
    }
  });
  return {};
}

}  // namespace tenon
