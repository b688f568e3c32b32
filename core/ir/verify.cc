// SPDX-License-Identifier: Apache-2.0
#include "core/ir/verify.hpp"

#include <algorithm>
#include <unordered_set>

namespace tenon {
namespace {

std::string graph_path(const Graph& graph) {
  if (graph.parent == nullptr) {
    return "main";
  }
  std::string path = graph.parent->path_of(graph.parent_node);
  for (const auto& [name, body] : graph.parent->nodes[graph.parent_node].bodies) {
    if (body.get() == &graph) {
      path += "." + name;
    }
  }
  return path;
}

class GraphVerifier {
 public:
  explicit GraphVerifier(const Graph& graph) : graph_(graph) {}

  Status run() {
    TENON_RETURN_IF_ERROR(check_ids());
    TENON_RETURN_IF_ERROR(check_names());
    TENON_RETURN_IF_ERROR(check_sources());
    TENON_RETURN_IF_ERROR(check_order());
    TENON_RETURN_IF_ERROR(check_users());
    for (const Value& value : graph_.values) {
      TENON_RETURN_IF_ERROR(check_value(value));
    }
    return {};
  }

 private:
  Status broken(const std::string& what) const {
    return Status(TENON_INTERNAL, "the IR is broken in " + graph_path(graph_) + ": " + what);
  }
  Status broken_node(NodeId id, const std::string& what) const {
    const Node& node = graph_.nodes[id];
    return Status(TENON_INTERNAL, "the IR is broken at " + graph_.path_of(id) + ": " + what)
        .with_node(graph_.path_of(id), node.domain + "." + node.op);
  }
  bool live(ValueId id) const { return id < graph_.values.size() && graph_.values[id].live; }

  Status check_ids() const {
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      if (!node.live) {
        continue;
      }
      for (const std::vector<ValueId>* list : {&node.inputs, &node.outputs}) {
        for (ValueId value : *list) {
          if (value != kNone && !live(value)) {
            return broken_node(id, "it names value " + std::to_string(value) + ", which does not exist or is erased");
          }
        }
      }
      TENON_RETURN_IF_ERROR(check_bodies(id));
    }
    for (const std::vector<ValueId>* list : {&graph_.inputs, &graph_.outputs}) {
      for (ValueId value : *list) {
        if (!live(value)) {
          return broken("a graph input or output is value " + std::to_string(value) +
                        ", which does not exist or is erased");
        }
      }
    }
    return {};
  }

  Status check_bodies(NodeId id) const {
    const Node& node = graph_.nodes[id];
    for (const auto& [name, body] : node.bodies) {
      if (body == nullptr || body->parent != &graph_ || body->parent_node != id || body->model != graph_.model) {
        return broken_node(id, "body '" + name + "' is not linked to its node");
      }
      for (const Capture& capture : body->captures) {
        if (!live(capture.outer)) {
          return broken_node(id, "body '" + name + "' captures value " + std::to_string(capture.outer) +
                                     ", which does not exist or is erased");
        }
        if (capture.inner >= body->values.size() || !body->values[capture.inner].live) {
          return broken_node(id, "body '" + name + "' has a capture without a live inner value");
        }
      }
    }
    return {};
  }

  Status check_names() const {
    std::unordered_set<std::string_view> names;
    for (const Value& value : graph_.values) {
      if (value.live && !names.insert(value.name).second) {
        return broken("two values are named '" + value.name + "'");
      }
    }
    names.clear();
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      if (!node.live) {
        continue;
      }
      if (node.domain.empty() || node.op.empty()) {
        return broken_node(id, "a node has no domain or operator");
      }
      if (node.name.empty() || !names.insert(node.name).second) {
        return broken_node(id, "its name is empty or stands twice");
      }
    }
    return {};
  }

  // Invariant 2: exactly one source.
  Status check_sources() const {
    std::vector<uint32_t> sources(graph_.values.size(), 0);
    for (ValueId input : graph_.inputs) {
      ++sources[input];
    }
    for (const Capture& capture : graph_.captures) {
      ++sources[capture.inner];
    }
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      if (!graph_.nodes[id].live) {
        continue;
      }
      for (uint32_t i = 0; i < graph_.nodes[id].outputs.size(); ++i) {
        const ValueId output = graph_.nodes[id].outputs[i];
        if (output == kNone) {
          continue;
        }
        ++sources[output];
        const Value& value = graph_.values[output];
        if (value.producer != id || value.output_index != i) {
          return broken_node(id, "value '" + value.name + "' does not name it as its producer");
        }
      }
    }
    const std::unordered_set<ValueId> outputs(graph_.outputs.begin(), graph_.outputs.end());
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      const Value& value = graph_.values[id];
      if (!value.live) {
        continue;
      }
      sources[id] += value.constant != kNone ? 1 : 0;
      const bool needed = !value.users.empty() || outputs.contains(id);
      if (sources[id] > 1 || (sources[id] == 0 && needed)) {
        return broken("value '" + value.name + "' has " + std::to_string(sources[id]) + " sources, expected 1");
      }
      if (value.producer != kNone && sources[id] == 0) {
        return broken("value '" + value.name + "' names a producer that does not make it");
      }
    }
    return {};
  }

  Status check_order() const {
    std::vector<uint8_t> done(graph_.nodes.size(), 0);
    for (NodeId id : graph_.order) {
      if (id >= graph_.nodes.size() || !graph_.nodes[id].live) {
        return broken("order lists a node that does not exist or is erased");
      }
      if (done[id]++) {
        return broken_node(id, "it stands in order twice");
      }
      const auto made = [&](ValueId value) {
        const NodeId producer = value == kNone ? kNone : graph_.values[value].producer;
        return producer == kNone || done[producer];
      };
      for (ValueId input : graph_.nodes[id].inputs) {
        if (!made(input)) {
          return broken_node(id, "it stands before the node that makes '" + graph_.values[input].name + "'");
        }
      }
      for (const auto& [name, body] : graph_.nodes[id].bodies) {
        for (const Capture& capture : body->captures) {
          if (!made(capture.outer)) {
            return broken_node(
                id, "it stands before the node that makes its captured '" + graph_.values[capture.outer].name + "'");
          }
        }
      }
    }
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      if (graph_.nodes[id].live && !done[id]) {
        return broken_node(id, "it does not stand in order");
      }
    }
    return {};
  }

  // Invariant 4: users are exactly the uses, as multisets.
  Status check_users() const {
    std::vector<std::vector<NodeId>> uses(graph_.values.size());
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      if (!node.live) {
        continue;
      }
      for (ValueId input : node.inputs) {
        if (input != kNone) {
          uses[input].push_back(id);
        }
      }
      for (const auto& [name, body] : node.bodies) {
        for (const Capture& capture : body->captures) {
          uses[capture.outer].push_back(id);
        }
      }
    }
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      std::vector<NodeId> users = graph_.values[id].users;
      std::sort(users.begin(), users.end());
      if (users != uses[id]) {
        return broken("value '" + graph_.values[id].name + "' lists " + std::to_string(users.size()) +
                      " users, but nodes use it " + std::to_string(uses[id].size()) + " times (or others do)");
      }
    }
    return {};
  }

  Status check_value(const Value& value) const {
    if (!value.live) {
      return {};
    }
    if (value.constant != kNone) {
      if (value.constant >= graph_.model->constants.size() || graph_.model->constants[value.constant] == nullptr) {
        return broken("value '" + value.name + "' names a constant that does not exist");
      }
      const Constant& constant = *graph_.model->constants[value.constant];
      TENON_RETURN_IF_ERROR(check_constant(value.name, constant));
      if (value.type.is_tensor() && value.type.dtype != constant.dtype) {
        return broken("value '" + value.name + "' is " + std::string(dtype_name(value.type.dtype)) +
                      ", its constant is " + std::string(dtype_name(constant.dtype)));
      }
    }
    if (value.type.shape) {
      for (const Dim& dim : *value.type.shape) {
        if (dim.size < -1 || dim.symbol >= graph_.model->symbols.size()) {
          return broken("value '" + value.name + "' has a dim that is below -1 or an unknown symbol");
        }
      }
    }
    return {};
  }

  Status check_constant(const std::string& name, const Constant& constant) const {
    const std::optional<uint64_t> count = element_count(constant.dims);
    if (!dtype_valid(constant.dtype) || !count) {
      return broken("constant '" + name + "' has no valid dtype or dims");
    }
    if (constant.dtype == TENON_STRING) {
      return constant.bytes >= (*count + 1) * sizeof(int64_t) ? Status()
                                                              : broken("constant '" + name + "' lacks string offsets");
    }
    const uint64_t stored = constant.splat ? std::min<uint64_t>(*count, 1) : *count;
    if (constant.splat ? constant.bytes * 8 < dtype_bits(constant.dtype)
                       : dtype_bytes(constant.dtype, stored) != constant.bytes) {
      return broken("constant '" + name + "' holds " + std::to_string(constant.bytes) +
                    " bytes, not what its dims say");
    }
    return {};
  }

  const Graph& graph_;
};

Status verify_graph(const Graph& graph, const Model& model) {
  if (graph.model != &model) {
    return Status(TENON_INTERNAL, "the IR is broken: a graph does not point to its model");
  }
  TENON_RETURN_IF_ERROR(GraphVerifier(graph).run());
  for (NodeId id : graph.order) {
    for (OriginId origin : graph.nodes[id].origins) {
      if (origin >= model.origins.size()) {
        return Status(TENON_INTERNAL, "the IR is broken at " + graph.path_of(id) + ": it has an unknown origin");
      }
    }
    for (const auto& [name, body] : graph.nodes[id].bodies) {
      TENON_RETURN_IF_ERROR(verify_graph(*body, model));
    }
  }
  return {};
}

std::vector<Interface::Port> ports(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<Interface::Port> list;
  for (ValueId id : ids) {
    const Value& value = graph.values[id];
    list.push_back({value.name, value.type.kind, value.type.dtype});
  }
  return list;
}

}  // namespace

Status verify(const Model& model) {
  if (model.graph == nullptr) {
    return Status(TENON_INTERNAL, "the IR is broken: the model has no graph");
  }
  for (const auto& [id, constant] : model.overridable) {
    if (!model.graph->is_graph_input(id) || constant == nullptr) {
      return Status(TENON_INTERNAL, "the IR is broken: an overridable default is not of a graph input");
    }
  }
  return verify_graph(*model.graph, model);
}

Interface interface_of(const Graph& graph) { return {ports(graph, graph.inputs), ports(graph, graph.outputs)}; }

Status verify_interface(const Interface& before, const Graph& after) {
  const Interface now = interface_of(after);
  if (now.inputs == before.inputs && now.outputs == before.outputs) {
    return {};
  }
  return Status(TENON_INTERNAL, "the IR is broken: a pass changed the graph's inputs or outputs");
}

}  // namespace tenon
