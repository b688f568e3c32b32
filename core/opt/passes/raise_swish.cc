// SPDX-License-Identifier: Apache-2.0
// x * sigmoid(x) is Swish with alpha 1 (SiLU). x * HardSigmoid(x) with alpha 1/6 and beta 1/2, and x * clip(x + 3, 0,
// 6) / 6 in either order, are HardSwish.
#include "core/opt/raising.hpp"

namespace tenon {
namespace {

struct Match {
  ValueId x = kNone, output = kNone;
  const char* op = nullptr;
  std::vector<NodeId> nodes;
};

// clip(x + 3, 0, 6): x or kNone.
ValueId clipped(const Graph& graph, ValueId value, std::vector<NodeId>* nodes) {
  const Node* clip = producer(graph, value, "Clip");
  if (clip == nullptr || clip->inputs.size() != 3 || scalar_value(graph, clip->inputs[1]) != 0.0 ||
      scalar_value(graph, clip->inputs[2]) != 6.0) {
    return kNone;
  }
  const Node* add = producer(graph, clip->inputs[0], "Add");
  for (size_t i = 0; add != nullptr && i < 2; ++i) {
    if (scalar_value(graph, add->inputs[i], 1) == 3.0) {
      nodes->push_back(graph.values[value].producer);
      nodes->push_back(graph.values[clip->inputs[0]].producer);
      return add->inputs[1 - i];
    }
  }
  return kNone;
}

// value / 6, or value * (1/6): value or kNone.
ValueId sixth(const Graph& graph, ValueId value) {
  if (const Node* div = producer(graph, value, "Div")) {
    return scalar_value(graph, div->inputs[1], 1) == 6.0 ? div->inputs[0] : kNone;
  }
  const Node* mul = producer(graph, value, "Mul");
  for (size_t i = 0; mul != nullptr && i < 2; ++i) {
    const auto number = scalar_value(graph, mul->inputs[i], 1);
    if (number && static_cast<float>(*number) == static_cast<float>(1.0 / 6)) {
      return mul->inputs[1 - i];
    }
  }
  return kNone;
}

// x * gate(x), where input `i` of the product is the gate.
std::optional<Match> match_gate(const Graph& graph, NodeId id, size_t i) {
  const Node& mul = graph.nodes[id];
  const ValueId gate = mul.inputs[i], x = mul.inputs[1 - i];
  Match match{x, mul.outputs[0], nullptr, {id}};
  if (const Node* sigmoid = producer(graph, gate, "Sigmoid"); sigmoid != nullptr && sigmoid->inputs[0] == x) {
    match.op = "Swish";
    match.nodes.push_back(graph.values[gate].producer);
  } else if (const Node* hard = producer(graph, gate, "HardSigmoid"); hard != nullptr && hard->inputs[0] == x) {
    if (hard->float_or("alpha", 0.2f) == static_cast<float>(1.0 / 6) && hard->float_or("beta", 0.5f) == 0.5f) {
      match.op = "HardSwish";
      match.nodes.push_back(graph.values[gate].producer);
    }
  } else if (const ValueId inner = sixth(graph, gate); inner != kNone) {
    match.nodes.push_back(graph.values[gate].producer);
    match.op = clipped(graph, inner, &match.nodes) == x ? "HardSwish" : nullptr;
  } else if (clipped(graph, gate, &match.nodes) == x) {
    const NodeId last = sole_user(graph, mul.outputs[0]);
    if (last != kNone && sixth(graph, graph.nodes[last].outputs[0]) == mul.outputs[0]) {
      match.op = "HardSwish";
      match.output = graph.nodes[last].outputs[0];
      match.nodes.insert(match.nodes.begin(), last);
    }
  }
  return match.op != nullptr ? std::optional(match) : std::nullopt;
}

bool closed(const Graph& graph, const Match& match) {
  for (NodeId id : match.nodes) {
    const ValueId output = graph.nodes[id].outputs[0];
    if (output != match.output && sole_user(graph, output) == kNone) {
      return false;
    }
  }
  return same_shape(graph.values[match.x].type, graph.values[match.output].type);
}

Raise raised(const Match& match) {
  Raise raise{match.nodes, match.output, match.op, {match.x}, {}};
  if (raise.op == "Swish") {
    raise.attributes.push_back(float_attribute("alpha", 1));
  }
  return raise;
}

}  // namespace

Status pass_raise_swish(PassContext& context) {
  Status status;
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    for (NodeId id : std::vector<NodeId>(graph.order)) {
      for (size_t i = 0; i < 2; ++i) {
        if (!status.ok() || !graph.nodes[id].live || !graph.nodes[id].is("Mul")) {
          continue;
        }
        if (const auto match = match_gate(graph, id, i); match && closed(graph, *match)) {
          status = raise_node(context, graph, raised(*match));
        }
      }
    }
  });
  return status;
}

}  // namespace tenon
