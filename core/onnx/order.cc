// SPDX-License-Identifier: Apache-2.0
// Names of a node list: who makes what, and an order in which every node comes after those it reads.
#include <algorithm>
#include <queue>
#include <unordered_set>

#include "core/onnx/build.hpp"

namespace tenon::onnx_import {
namespace {

using Names = std::unordered_set<std::string_view>;

// Names that the nodes of a body (and of bodies in it) read and that nothing in the body makes.
void collect_free(const wire::Graph& graph, std::vector<std::string_view>* out) {
  Names made;
  for (const wire::ValueInfo& input : graph.input) {
    made.insert(input.name);
  }
  for (const wire::Tensor& initializer : graph.initializer) {
    made.insert(initializer.name);
  }
  for (const wire::SparseTensor& initializer : graph.sparse_initializer) {
    made.insert(initializer.values.name);
  }
  std::vector<std::string_view> read;
  for (const wire::Node& node : graph.node) {
    made.insert(node.output.begin(), node.output.end());
    read.insert(read.end(), node.input.begin(), node.input.end());
    for (const wire::Attribute& attribute : node.attribute) {
      if (attribute.g) {
        collect_free(*attribute.g, &read);
      }
    }
  }
  for (const wire::ValueInfo& output : graph.output) {
    read.push_back(output.name);
  }
  std::sort(read.begin(), read.end());
  read.erase(std::unique(read.begin(), read.end()), read.end());
  for (const std::string_view name : read) {
    if (!name.empty() && !made.contains(name)) {
      out->push_back(name);
    }
  }
}

std::vector<std::string_view> names_read(const wire::Node& node) {
  std::vector<std::string_view> names(node.input.begin(), node.input.end());
  for (const wire::Attribute& attribute : node.attribute) {
    if (attribute.g) {
      collect_free(*attribute.g, &names);
    }
  }
  return names;
}

std::string label(const std::vector<wire::Node>& nodes, uint32_t index) {
  const wire::Node& node = nodes[index];
  return node.name.empty() ? std::string(node.op_type) + "_" + std::to_string(index) : std::string(node.name);
}

using Sources = std::vector<std::vector<uint32_t>>;  // per node: the nodes it reads from

Status cycle(const std::vector<wire::Node>& nodes, const Sources& sources, const std::vector<uint32_t>& waiting,
             const Scope& scope) {
  constexpr size_t kShown = 8;
  // Every node that still waits reads from one that still waits: walking back must come to a node twice.
  uint32_t at = 0;
  while (waiting[at] == 0) {
    ++at;
  }
  std::vector<uint32_t> path;
  std::vector<uint32_t> seen(nodes.size(), UINT32_MAX);
  while (seen[at] == UINT32_MAX) {
    seen[at] = static_cast<uint32_t>(path.size());
    path.push_back(at);
    at = *std::find_if(sources[at].begin(), sources[at].end(), [&](uint32_t source) { return waiting[source] != 0; });
  }
  path.erase(path.begin(), path.begin() + seen[at]);
  std::reverse(path.begin(), path.end());
  std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
  std::string text;
  for (size_t i = 0; i < std::min(path.size(), kShown); ++i) {
    text += label(nodes, path[i]) + " -> ";
  }
  text += path.size() > kShown ? "... -> " : "";
  text += label(nodes, path.front());
  return Status(TENON_INVALID_MODEL, scope.place + " has a cycle: " + text)
      .with_node(scope.place + "/" + label(nodes, path.front()), std::string(nodes[path.front()].op_type));
}

}  // namespace

bool is_read(std::string_view name, const Scope& scope) {
  if (std::find(scope.results.begin(), scope.results.end(), name) != scope.results.end()) {
    return true;
  }
  return std::any_of(scope.nodes->begin(), scope.nodes->end(), [&](const wire::Node& node) {
    const std::vector<std::string_view> names = names_read(node);
    return std::find(names.begin(), names.end(), name) != names.end();
  });
}

Result<std::vector<uint32_t>> order_nodes(const std::vector<wire::Node>& nodes, const Scope& scope) {
  NameTable producers;
  producers.reserve(nodes.size());
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    for (const std::string_view name : nodes[i].output) {
      if (name.empty()) {
        continue;
      }
      const bool first = producers.emplace(name, i).second;
      if (!first || scope.names.contains(name)) {
        return Status(TENON_INVALID_MODEL,
                      scope.place + "/" + label(nodes, i) + ": value '" + std::string(name) + "' is already made by " +
                          (first ? "an input or initializer" : label(nodes, *producers.find(name))))
            .with_node(scope.place + "/" + label(nodes, i), std::string(nodes[i].op_type))
            .with_value(std::string(name));
      }
    }
  }
  bool sorted = true;
  Sources sources(nodes.size());
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    for (const std::string_view name : names_read(nodes[i])) {
      if (const uint32_t* producer = producers.find(name); producer != nullptr) {
        sources[i].push_back(*producer);
        sorted = sorted && *producer < i;
      }
    }
  }
  std::vector<uint32_t> order(nodes.size());
  if (sorted) {
    for (uint32_t i = 0; i < nodes.size(); ++i) {
      order[i] = i;
    }
    return order;
  }
  order.clear();
  std::vector<uint32_t> waiting(nodes.size(), 0);
  Sources readers(nodes.size());
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    waiting[i] = static_cast<uint32_t>(sources[i].size());
    for (const uint32_t source : sources[i]) {
      readers[source].push_back(i);
    }
  }
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ready;
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    if (waiting[i] == 0) {
      ready.push(i);
    }
  }
  while (!ready.empty()) {
    const uint32_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (const uint32_t reader : readers[next]) {
      if (--waiting[reader] == 0) {
        ready.push(reader);
      }
    }
  }
  if (order.size() != nodes.size()) {
    return cycle(nodes, sources, waiting, scope);
  }
  return order;
}

}  // namespace tenon::onnx_import
