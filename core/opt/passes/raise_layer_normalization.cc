// SPDX-License-Identifier: Apache-2.0
// d = x - mean(x); d / sqrt(mean(d * d) + epsilon) * scale [+ bias] over the last axes, all in FLOAT32 without casts.
#include <algorithm>

#include "core/opt/raising.hpp"

namespace tenon {
namespace {

struct Match {
  ValueId x = kNone, scale = kNone, bias = kNone, output = kNone;
  int64_t axis = 0;
  float epsilon = 0;
  std::vector<NodeId> nodes;
};

// The axes of a ReduceMean with keepdims, when they are the last ones: the first of them; else -1.
int64_t last_axes(const Graph& graph, const Node& node) {
  const Shape& shape = graph.values[node.inputs[0]].type.shape;
  const auto given = node.inputs.size() > 1 ? constant_integers(graph, node.inputs[1]) : std::nullopt;
  if (!shape || !given || given->empty() || node.int_or("keepdims", 1) == 0) {
    return -1;
  }
  const auto rank = static_cast<int64_t>(shape->size());
  std::vector<int64_t> axes;
  for (int64_t axis : *given) {
    axes.push_back(axis < 0 ? axis + rank : axis);
  }
  std::sort(axes.begin(), axes.end());
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != rank - static_cast<int64_t>(axes.size() - i)) {
      return -1;
    }
  }
  return axes.front();
}

// d * d, as Mul or Pow by 2; d or kNone.
ValueId squared(const Graph& graph, ValueId value) {
  if (const Node* mul = producer(graph, value, "Mul")) {
    return mul->inputs[0] == mul->inputs[1] ? mul->inputs[0] : kNone;
  }
  const Node* pow = producer(graph, value, "Pow");
  return pow != nullptr && scalar_value(graph, pow->inputs[1], 1) == 2.0 ? pow->inputs[0] : kNone;
}

// The parameter's dims are exactly those of x from the axis on.
bool is_parameter(const Graph& graph, ValueId value, const Type& x, int64_t axis) {
  const Constant* constant = graph.constant_of(value);
  if (constant == nullptr || constant->dtype != TENON_FLOAT32 ||
      constant->dims.size() != x.shape->size() - static_cast<size_t>(axis)) {
    return false;
  }
  for (size_t i = 0; i < constant->dims.size(); ++i) {
    if ((*x.shape)[static_cast<size_t>(axis) + i].size != constant->dims[i]) {
      return false;
    }
  }
  return true;
}

// Every value between the first and the last node is read inside of the match alone.
bool closed(const Graph& graph, const Match& match) {
  for (NodeId id : match.nodes) {
    const ValueId output = graph.nodes[id].outputs[0];
    if (output == match.output) {
      continue;
    }
    const std::vector<NodeId>& users = graph.values[output].users;
    const bool inside = std::all_of(users.begin(), users.end(), [&](NodeId user) {
      return std::find(match.nodes.begin(), match.nodes.end(), user) != match.nodes.end();
    });
    if (!inside || graph.is_graph_output(output)) {
      return false;
    }
  }
  return true;
}

// From the division on upwards.
bool match_core(const Graph& graph, ValueId quotient, Match* match) {
  const Node* div = producer(graph, quotient, "Div");
  if (div == nullptr) {
    return false;
  }
  const Node* root = producer(graph, div->inputs[1], "Sqrt");
  const Node* sum = root != nullptr ? producer(graph, root->inputs[0], "Add") : nullptr;
  if (sum == nullptr) {
    return false;
  }
  const size_t constant = graph.constant_of(sum->inputs[0]) != nullptr ? 0 : 1;
  const std::optional<double> epsilon = scalar_value(graph, sum->inputs[constant], 1);
  const Node* variance = producer(graph, sum->inputs[1 - constant], "ReduceMean");
  if (!epsilon || variance == nullptr || squared(graph, variance->inputs[0]) != div->inputs[0]) {
    return false;
  }
  const Node* sub = producer(graph, div->inputs[0], "Sub");
  const Node* mean = sub != nullptr ? producer(graph, sub->inputs[1], "ReduceMean") : nullptr;
  if (mean == nullptr || mean->inputs[0] != sub->inputs[0]) {
    return false;
  }
  match->x = sub->inputs[0];
  match->axis = last_axes(graph, *mean);
  match->epsilon = static_cast<float>(*epsilon);
  const auto id_of = [&](ValueId value) { return graph.values[value].producer; };
  for (ValueId value : {quotient, div->inputs[1], root->inputs[0], sum->inputs[1 - constant], variance->inputs[0],
                        div->inputs[0], sub->inputs[1]}) {
    match->nodes.push_back(id_of(value));
  }
  return match->axis >= 0 && last_axes(graph, *variance) == match->axis && *epsilon >= 0;
}

std::optional<Match> find(const Graph& graph, NodeId mul_id) {
  Match match;
  const Node& mul = graph.nodes[mul_id];
  for (size_t i = 0; i < 2 && match.x == kNone; ++i) {
    Match tried;
    if (match_core(graph, mul.inputs[i], &tried)) {
      tried.scale = mul.inputs[1 - i];
      match = std::move(tried);
    }
  }
  if (match.x == kNone) {
    return std::nullopt;
  }
  const Type& x = graph.values[match.x].type;
  if (x.dtype != TENON_FLOAT32 || !x.shape || !is_parameter(graph, match.scale, x, match.axis)) {
    return std::nullopt;
  }
  match.nodes.insert(match.nodes.begin(), mul_id);
  match.output = mul.outputs[0];
  const NodeId next = sole_user(graph, match.output);
  if (next != kNone && graph.nodes[next].is("Add")) {
    const ValueId bias = other_input(graph.nodes[next], match.output);
    if (bias != kNone && is_parameter(graph, bias, x, match.axis)) {
      match.bias = bias;
      match.output = graph.nodes[next].outputs[0];
      match.nodes.insert(match.nodes.begin(), next);
    }
  }
  return closed(graph, match) ? std::optional(match) : std::nullopt;
}

Raise raised(const Match& match) {
  Raise raise{match.nodes, match.output, "LayerNormalization", {match.x, match.scale}, {}};
  if (match.bias != kNone) {
    raise.inputs.push_back(match.bias);
  }
  raise.attributes = {int_attribute("axis", match.axis), float_attribute("epsilon", match.epsilon)};
  return raise;
}

}  // namespace

Status pass_raise_layer_normalization(PassContext& context) {
  Status status;
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    for (NodeId id : std::vector<NodeId>(graph.order)) {
      if (status.ok() && graph.nodes[id].live && graph.nodes[id].is("Mul")) {
        if (const auto match = find(graph, id)) {
          status = raise_node(context, graph, raised(*match));
        }
      }
    }
  });
  return status;
}

}  // namespace tenon
