// SPDX-License-Identifier: Apache-2.0
#include "core/opt/pass.hpp"

namespace tenon {
namespace {

// Moves a body's nodes into the graph around it.
class Mover {
 public:
  Mover(Graph& outer, NodeId before, Graph& body)
      : outer_(outer), before_(before), body_(body), map_(body.values.size(), kNone) {}

  // What stands for each output of the body.
  std::vector<ValueId> run() {
    for (const Capture& capture : body_.captures) {
      map_[capture.inner] = capture.outer;
    }
    for (ValueId id = 0; id < body_.values.size(); ++id) {
      if (body_.values[id].live && body_.values[id].constant != kNone) {
        map_[id] = copy_value(id);
        outer_.values[map_[id]].constant = body_.values[id].constant;
      }
    }
    for (NodeId id : body_.order) {
      move_node(std::move(body_.nodes[id]));
    }
    std::vector<ValueId> outputs;
    for (ValueId id : body_.outputs) {
      outputs.push_back(map_[id]);
    }
    return outputs;
  }

 private:
  ValueId copy_value(ValueId id) {
    const Value& value = body_.values[id];
    const ValueId copy = outer_.add_value(value.name, value.type);
    outer_.values[copy].shape_class = value.shape_class;
    return copy;
  }

  void move_node(Node node) {
    for (ValueId& input : node.inputs) {
      input = input == kNone ? kNone : map_[input];
    }
    for (ValueId& output : node.outputs) {
      if (output != kNone) {
        output = map_[output] = copy_value(output);
      }
    }
    for (auto& [name, inner] : node.bodies) {
      for (Capture& capture : inner->captures) {
        capture.outer = map_[capture.outer];
      }
    }
    outer_.add_node(std::move(node), before_);
  }

  Graph& outer_;
  NodeId before_;
  Graph& body_;
  std::vector<ValueId> map_;  // by the body's ValueId
};

void mark_body(PassContext& context, Graph* body) {
  if (body == nullptr) {
    return;
  }
  for_each_graph(*body, [&](Graph& graph) {
    for (NodeId id : graph.order) {
      mark(context, graph.nodes[id], Fate::removed, std::string(context.pass), "in a branch that is never taken");
    }
  });
}

Status take_branch(PassContext& context, Graph& graph, NodeId id, bool condition) {
  mark_body(context, graph.nodes[id].body(condition ? "else_branch" : "then_branch"));
  Graph* body = graph.nodes[id].body(condition ? "then_branch" : "else_branch");
  const std::vector<ValueId> results = Mover(graph, id, *body).run();
  // The body's nodes are gone from it; its captures keep their uses until the If is erased.
  const std::vector<ValueId> outputs = graph.nodes[id].outputs;
  for (size_t i = 0; i < outputs.size() && i < results.size(); ++i) {
    if (outputs[i] == kNone) {
      continue;
    }
    ValueId result = results[i];
    if (!graph.can_take_outputs(outputs[i], result)) {
      TENON_ASSIGN_OR_RETURN(result, add_node(context, graph, id, "Identity", {result}, {}, graph.nodes[id].origins,
                                              graph.nodes[id].name));
    }
    graph.replace_uses(outputs[i], result, true);
  }
  retire(context, graph, {id});
  ++context.changes;
  return {};
}

}  // namespace

Status pass_inline_if(PassContext& context) {
  Status status;
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    for (NodeId id : std::vector<NodeId>(graph.order)) {
      const Node& node = graph.nodes[id];
      if (!status.ok() || !node.live || !node.is("If") || node.inputs.size() != 1) {
        continue;
      }
      const auto condition = constant_integers(graph, node.inputs[0]);
      if (condition && condition->size() == 1 && graph.values[node.inputs[0]].type.dtype == TENON_BOOL) {
        status = take_branch(context, graph, id, condition->front() != 0);
      }
    }
  });
  return status;
}

}  // namespace tenon
