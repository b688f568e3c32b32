// SPDX-License-Identifier: Apache-2.0
// x * 0.5 * (1 + erf(x / sqrt(2))), and x * 0.5 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x^3))), in any order of the
// products. Constants must be the dtype's nearest numbers (off by one ulp at most).
#include <algorithm>
#include <cmath>

#include "core/opt/raising.hpp"

namespace tenon {
namespace {

bool is_near(const Graph& graph, ValueId value, double expected) {
  // Whatever its rank: that the whole keeps the shape of x is checked at the end.
  const std::optional<double> number = scalar_value(graph, value);
  if (!number) {
    return false;
  }
  const Dtype dtype = graph.values[value].type.dtype;
  const int bits = dtype == TENON_FLOAT64 ? 52 : dtype == TENON_FLOAT32 ? 23 : dtype == TENON_FLOAT16 ? 10 : 7;
  return std::abs(*number - expected) <= 1.5 * std::ldexp(expected, -bits);
}

// With two inputs of which one is the constant: the other; else kNone.
ValueId times(const Graph& graph, ValueId value, double constant) {
  const Node* mul = producer(graph, value, "Mul");
  if (mul == nullptr) {
    return kNone;
  }
  for (size_t i = 0; i < 2; ++i) {
    if (is_near(graph, mul->inputs[i], constant)) {
      return mul->inputs[1 - i];
    }
  }
  return kNone;
}

// What a tree of products is made of: how often x, and how often the constant.
struct Factors {
  int of_x = 0;
  int of_constant = 0;
  bool others = false;
  std::vector<NodeId> nodes;
};

void collect_factors(const Graph& graph, ValueId value, ValueId x, double constant, Factors* factors) {
  if (value == x) {
    ++factors->of_x;
    return;
  }
  if (graph.constant_of(value) != nullptr) {
    factors->of_constant += is_near(graph, value, constant) ? 1 : 0;
    factors->others = factors->others || !is_near(graph, value, constant);
    return;
  }
  factors->nodes.push_back(graph.values[value].producer);
  if (const Node* pow = producer(graph, value, "Pow"); pow != nullptr && pow->inputs[0] == x) {
    const std::optional<double> exponent = scalar_value(graph, pow->inputs[1], 1);
    factors->of_x += exponent == 2.0 ? 2 : 3;
    factors->others = factors->others || (exponent != 2.0 && exponent != 3.0);
    return;
  }
  const Node* mul = producer(graph, value, "Mul");
  if (mul == nullptr || factors->nodes.size() > 4) {
    factors->others = true;
    return;
  }
  collect_factors(graph, mul->inputs[0], x, constant, factors);
  collect_factors(graph, mul->inputs[1], x, constant, factors);
}

struct Match {
  ValueId x = kNone, output = kNone;
  const char* approximate = "none";
  std::vector<NodeId> nodes;
};

// What goes into erf: x / sqrt(2).
ValueId erf_argument(const Graph& graph, ValueId value, std::vector<NodeId>* nodes) {
  nodes->push_back(graph.values[value].producer);
  const Node* div = producer(graph, value, "Div");
  if (div != nullptr && is_near(graph, div->inputs[1], std::sqrt(2.0))) {
    return div->inputs[0];
  }
  return times(graph, value, std::sqrt(0.5));
}

// What goes into tanh: sqrt(2/pi) * (x + 0.044715 * x^3).
ValueId tanh_argument(const Graph& graph, ValueId value, std::vector<NodeId>* nodes) {
  nodes->push_back(graph.values[value].producer);
  const ValueId sum = times(graph, value, std::sqrt(2.0 / 3.14159265358979323846));
  const Node* add = sum != kNone ? producer(graph, sum, "Add") : nullptr;
  for (size_t i = 0; add != nullptr && i < 2; ++i) {
    const ValueId x = add->inputs[1 - i];
    Factors cube;
    if (add->inputs[i] != x) {
      collect_factors(graph, add->inputs[i], x, 0.044715, &cube);
    }
    if (!cube.others && cube.of_x == 3 && cube.of_constant == 1) {
      nodes->push_back(graph.values[sum].producer);
      nodes->insert(nodes->end(), cube.nodes.begin(), cube.nodes.end());
      return x;
    }
  }
  return kNone;
}

// From 1 + erf(..) on: the product of it, x and 0.5.
bool match_tail(const Graph& graph, ValueId one_plus, Match* match) {
  const NodeId next = sole_user(graph, one_plus);
  if (next == kNone || !graph.nodes[next].is("Mul")) {
    return false;
  }
  const ValueId other = other_input(graph.nodes[next], one_plus);
  match->nodes.push_back(next);
  match->output = graph.nodes[next].outputs[0];
  if (times(graph, other, 0.5) == match->x) {
    match->nodes.push_back(graph.values[other].producer);
    return true;
  }
  const bool by_half = is_near(graph, other, 0.5);
  const NodeId last = other == match->x || by_half ? sole_user(graph, match->output) : kNone;
  if (last == kNone || !graph.nodes[last].is("Mul")) {
    return false;
  }
  const ValueId factor = other_input(graph.nodes[last], match->output);
  match->nodes.push_back(last);
  match->output = graph.nodes[last].outputs[0];
  return by_half ? factor == match->x : is_near(graph, factor, 0.5);
}

std::optional<Match> find(const Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  Match match;
  match.nodes.push_back(id);
  if (node.is("Erf")) {
    match.x = erf_argument(graph, node.inputs[0], &match.nodes);
  } else if (node.is("Tanh")) {
    match.approximate = "tanh";
    match.x = tanh_argument(graph, node.inputs[0], &match.nodes);
  }
  const NodeId add = match.x != kNone ? sole_user(graph, node.outputs[0]) : kNone;
  if (add == kNone || !graph.nodes[add].is("Add") ||
      !is_near(graph, other_input(graph.nodes[add], node.outputs[0]), 1)) {
    return std::nullopt;
  }
  match.nodes.push_back(add);
  if (!match_tail(graph, graph.nodes[add].outputs[0], &match) ||
      !same_shape(graph.values[match.x].type, graph.values[match.output].type)) {
    return std::nullopt;
  }
  for (NodeId part : match.nodes) {
    const ValueId output = graph.nodes[part].outputs[0];
    if (output != match.output && sole_user(graph, output) == kNone) {
      return std::nullopt;
    }
  }
  return match;
}

}  // namespace

Status pass_raise_gelu(PassContext& context) {
  Status status;
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    for (NodeId id : std::vector<NodeId>(graph.order)) {
      if (status.ok() && graph.nodes[id].live && (graph.nodes[id].is("Erf") || graph.nodes[id].is("Tanh"))) {
        if (auto match = find(graph, id)) {
          status = raise_node(context, graph,
                              {std::move(match->nodes),
                               match->output,
                               "Gelu",
                               {match->x},
                               {string_attribute("approximate", match->approximate)}});
        }
      }
    }
  });
  return status;
}

}  // namespace tenon
