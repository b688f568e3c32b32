// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string_view>

#include "core/opt/pass.hpp"

namespace tenon {
namespace {

constexpr size_t kLongestChain = 16;

// Elementwise: f(transpose(x)) is transpose(f(x)).
constexpr std::array<std::string_view, 22> kElementwise = {
    "Abs",        "Cast",  "Ceil",        "Clip",      "Cos",       "Elu", "Erf", "Exp",
    "Floor",      "Gelu",  "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Neg", "Relu",
    "Reciprocal", "Round", "Sigmoid",     "Softplus",  "Sqrt",      "Tanh"};

std::optional<std::vector<int64_t>> permutation(const Graph& graph, const Node& node) {
  const Shape& shape = graph.values[node.inputs[0]].type.shape;
  if (!shape) {
    return std::nullopt;
  }
  std::vector<int64_t> reversed(shape->size());
  for (size_t i = 0; i < reversed.size(); ++i) {
    reversed[i] = static_cast<int64_t>(reversed.size() - 1 - i);
  }
  std::vector<int64_t> perm = node.ints_or("perm", reversed);
  return perm.size() == reversed.size() ? std::optional(perm) : std::nullopt;
}

bool is_identity(const std::vector<int64_t>& perm) {
  for (size_t i = 0; i < perm.size(); ++i) {
    if (perm[i] != static_cast<int64_t>(i)) {
      return false;
    }
  }
  return true;
}

// First `inner`, then `outer`.
std::vector<int64_t> merged(const std::vector<int64_t>& inner, const std::vector<int64_t>& outer) {
  std::vector<int64_t> perm;
  for (int64_t axis : outer) {
    perm.push_back(inner[static_cast<size_t>(axis)]);
  }
  return perm;
}

// The one input of an elementwise node that carries its tensor: the others are constants of one element and no more
// axes, or absent. kNone when the node is none of that.
ValueId carried_input(const Graph& graph, const Node& node) {
  if (node.domain != "ai.onnx" || node.outputs.size() != 1 || node.inputs.empty()) {
    return kNone;
  }
  if (std::find(kElementwise.begin(), kElementwise.end(), node.op) != kElementwise.end()) {
    return node.inputs[0];
  }
  if (node.inputs.size() != 2 || (node.op != "Add" && node.op != "Sub" && node.op != "Mul" && node.op != "Div")) {
    return kNone;
  }
  for (size_t i = 0; i < 2; ++i) {
    const Shape& carried = graph.values[node.inputs[1 - i]].type.shape;
    if (carried && scalar_value(graph, node.inputs[i], std::min<size_t>(carried->size(), 1))) {
      return node.inputs[1 - i];
    }
  }
  return kNone;
}

Type permuted(const Type& type, const std::vector<int64_t>& perm) {
  Type result = type;
  for (size_t i = 0; i < perm.size(); ++i) {
    (*result.shape)[static_cast<size_t>(perm[i])] = (*type.shape)[i];
  }
  return result;
}

// Transpose, elementwise nodes with one reader each, Transpose: moves the first down to the second.
bool merge_with_one_above(PassContext& context, Graph& graph, NodeId id) {
  std::vector<NodeId> chain;
  ValueId at = graph.nodes[id].inputs[0];
  while (chain.size() < kLongestChain) {
    const NodeId above = graph.values[at].producer;
    if (above == kNone) {
      return false;
    }
    const Node& node = graph.nodes[above];
    if (node.is("Transpose")) {
      break;
    }
    const ValueId carried = carried_input(graph, node);
    if (carried == kNone || sole_user(graph, at) == kNone || !graph.values[at].type.shape) {
      return false;
    }
    chain.push_back(above);
    at = carried;
  }
  const Node* first = producer(graph, at, "Transpose");
  if (first == nullptr) {
    return false;
  }
  const auto inner = permutation(graph, *first), outer = permutation(graph, graph.nodes[id]);
  if (!inner || !outer || inner->size() != outer->size()) {
    return false;
  }
  if (!chain.empty() && sole_user(graph, at) == kNone) {
    return false;
  }
  const ValueId source = first->inputs[0];
  const NodeId top = chain.empty() ? id : chain.back();
  for (uint32_t i = 0; i < graph.nodes[top].inputs.size(); ++i) {
    if (graph.nodes[top].inputs[i] == at) {
      graph.set_input(top, i, source);
    }
  }
  for (NodeId node : chain) {
    Value& value = graph.values[graph.nodes[node].outputs[0]];
    value.type = permuted(value.type, *inner);
  }
  graph.nodes[id].set_ints("perm", merged(*inner, *outer));
  ++context.changes;
  return true;
}

}  // namespace

Status pass_transposes(PassContext& context) {
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    for (NodeId id : std::vector<NodeId>(graph.order)) {
      if (!graph.nodes[id].live || !graph.nodes[id].is("Transpose")) {
        continue;
      }
      merge_with_one_above(context, graph, id);
      if (const auto perm = permutation(graph, graph.nodes[id]); perm && is_identity(*perm)) {
        bypass(context, graph, id, graph.nodes[id].inputs[0]);
      }
    }
  });
  return {};
}

}  // namespace tenon
