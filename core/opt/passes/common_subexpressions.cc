// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <unordered_map>

#include "core/base/hash.hpp"
#include "core/opt/pass.hpp"

namespace tenon {
namespace {

// Larger constants are not compared: hashing a model's weights would read all of its file.
constexpr uint64_t kSmallBytes = 4096;

bool same_tensor(const ConstantPtr& a, const ConstantPtr& b) {
  return a == b || (a != nullptr && b != nullptr && a->bytes <= kSmallBytes && same_content(*a, *b));
}

// By bits: 0 and -0 differ, a NaN equals itself.
bool same_attribute(const Attribute& a, const Attribute& b) {
  return a.name == b.name && a.type == b.type && a.i == b.i && std::memcmp(&a.f, &b.f, sizeof(a.f)) == 0 &&
         a.s == b.s && a.ints == b.ints && a.floats.size() == b.floats.size() &&
         (a.floats.empty() || std::memcmp(a.floats.data(), b.floats.data(), a.floats.size() * sizeof(float)) == 0) &&
         a.strings == b.strings && same_tensor(a.tensor, b.tensor) && a.type_value == b.type_value;
}

bool same_node(const Node& a, const Node& b) {
  if (a.op != b.op || a.domain != b.domain || a.form != b.form || a.inputs != b.inputs ||
      a.outputs.size() != b.outputs.size() || a.attributes.size() != b.attributes.size()) {
    return false;
  }
  for (size_t i = 0; i < a.outputs.size(); ++i) {
    if ((a.outputs[i] == kNone) != (b.outputs[i] == kNone)) {
      return false;
    }
  }
  for (size_t i = 0; i < a.attributes.size(); ++i) {
    if (!same_attribute(a.attributes[i], b.attributes[i])) {
      return false;
    }
  }
  return true;
}

size_t hash_of(const Node& node) {
  size_t hash = std::hash<std::string>()(node.op) ^ (std::hash<std::string>()(node.domain) * 31);
  for (ValueId input : node.inputs) {
    hash = hash * 0x9E3779B97F4A7C15u + input;
  }
  for (const Attribute& attribute : node.attributes) {
    hash = hash * 0x9E3779B97F4A7C15u + static_cast<size_t>(attribute.i) + attribute.ints.size();
    for (int64_t i : attribute.ints) {
      hash = hash * 31 + static_cast<size_t>(i);
    }
  }
  return hash;
}

void merge_constants(PassContext& context, Graph& graph) {
  std::unordered_multimap<Hash128, ValueId> seen;
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    const Constant* constant = graph.constant_of(id);
    if (constant == nullptr || !graph.values[id].live || graph.values[id].users.empty() ||
        constant->bytes > kSmallBytes || graph.is_graph_output(id)) {
      continue;
    }
    const Hash128 hash = hash_bytes(constant->data, constant->bytes);
    const auto [begin, end] = seen.equal_range(hash);
    bool merged = false;
    for (auto it = begin; it != end && !merged; ++it) {
      if (same_content(*constant, *graph.constant_of(it->second))) {
        graph.replace_uses(id, it->second, false);
        ++context.changes;
        merged = true;
      }
    }
    if (!merged) {
      seen.emplace(hash, id);
    }
  }
}

bool can_merge(const Graph& graph, const Node& from, const Node& to) {
  for (size_t i = 0; i < from.outputs.size(); ++i) {
    if (from.outputs[i] != kNone && !graph.can_take_outputs(from.outputs[i], to.outputs[i])) {
      return false;
    }
  }
  return true;
}

void merge_nodes(PassContext& context, Graph& graph) {
  std::unordered_multimap<size_t, NodeId> seen;
  std::vector<NodeId> merged;
  for (NodeId id : graph.order) {
    const Node& node = graph.nodes[id];
    if (!node.bodies.empty() || onnx_facts::nondeterministic(graph, node)) {
      continue;
    }
    const size_t hash = hash_of(node);
    const auto [begin, end] = seen.equal_range(hash);
    NodeId same = kNone;
    for (auto it = begin; it != end && same == kNone; ++it) {
      same = same_node(node, graph.nodes[it->second]) && can_merge(graph, node, graph.nodes[it->second]) ? it->second
                                                                                                         : kNone;
    }
    if (same == kNone) {
      seen.emplace(hash, id);
      continue;
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != kNone) {
        graph.replace_uses(node.outputs[i], graph.nodes[same].outputs[i], true);
      }
    }
    mark(context, node, Fate::replaced, std::string(context.pass), graph.path_of(same));
    merged.push_back(id);
  }
  context.changes += merged.size();
  graph.erase_nodes(merged);
}

}  // namespace

Status pass_common_subexpressions(PassContext& context) {
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    merge_constants(context, graph);
    merge_nodes(context, graph);
  });
  return {};
}

}  // namespace tenon
