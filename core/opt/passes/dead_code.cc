// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/opt/pass.hpp"

namespace tenon {
namespace {

void erase_dead_nodes(PassContext& context, Graph& graph) {
  std::vector<size_t> uses(graph.values.size());
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    uses[id] = graph.values[id].users.size();
  }
  for (ValueId id : graph.outputs) {
    ++uses[id];
  }
  std::vector<NodeId> dead;
  for (auto it = graph.order.rbegin(); it != graph.order.rend(); ++it) {
    const Node& node = graph.nodes[*it];
    if (std::any_of(node.outputs.begin(), node.outputs.end(),
                    [&](ValueId id) { return id != kNone && uses[id] > 0; })) {
      continue;
    }
    dead.push_back(*it);
    for (ValueId input : node.inputs) {
      if (input != kNone) {
        --uses[input];
      }
    }
    for (const auto& [name, body] : node.bodies) {
      for (const Capture& capture : body->captures) {
        --uses[capture.outer];
      }
      for_each_graph(*body, [&](Graph& inner) {
        for (NodeId id : inner.order) {
          mark(context, inner.nodes[id], Fate::removed, std::string(context.pass), "");
        }
      });
    }
    mark(context, node, Fate::removed, std::string(context.pass), "");
  }
  graph.erase_nodes(dead);
  context.changes += dead.size();
}

// Optional outputs that nobody reads: a provider need not make them.
void drop_outputs(PassContext& context, Graph& graph) {
  for (NodeId id : graph.order) {
    const size_t count = graph.nodes[id].outputs.size();
    onnx_facts::Arity arity;
    if (count < 2 || !graph.nodes[id].bodies.empty() ||
        !onnx_facts::arity(graph.nodes[id].domain, graph.nodes[id].op, &arity) || arity.max_outputs > 16) {
      continue;
    }
    for (size_t i = count; i-- > std::max<size_t>(arity.min_outputs, 1);) {
      const ValueId output = graph.nodes[id].outputs[i];
      if (output != kNone && graph.values[output].users.empty() && !graph.is_graph_output(output)) {
        graph.drop_output(id, static_cast<uint32_t>(i));
        ++context.changes;
      }
    }
  }
}

// Captures that nobody reads, and those of constants: bodies share constants by themselves.
void clean_captures(PassContext& context, Graph& body) {
  for (size_t i = body.captures.size(); i-- > 0;) {
    const Capture capture = body.captures[i];
    Value& inner = body.values[capture.inner];
    const ConstantId constant = body.parent->values[capture.outer].constant;
    const bool unused = inner.users.empty() && !body.is_graph_output(capture.inner);
    if (!unused && constant == kNone) {
      continue;
    }
    body.erase_capture(i);
    if (unused) {
      body.erase_value(capture.inner);
    } else {
      inner.constant = constant;
    }
    ++context.changes;
  }
}

void erase_unused_constants(Graph& graph) {
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    const Value& value = graph.values[id];
    if (value.live && value.constant != kNone && value.users.empty() && !graph.is_graph_output(id)) {
      graph.erase_value(id);
    }
  }
}

void clean(PassContext& context, Graph& graph) {
  erase_dead_nodes(context, graph);
  drop_outputs(context, graph);
  for (NodeId id : graph.order) {
    for (auto& [name, body] : graph.nodes[id].bodies) {
      clean_captures(context, *body);
      clean(context, *body);
      clean_captures(context, *body);
    }
  }
  erase_unused_constants(graph);
}

}  // namespace

Status pass_dead_code(PassContext& context) {
  clean(context, *context.model.graph);
  return {};
}

}  // namespace tenon
