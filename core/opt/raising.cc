// SPDX-License-Identifier: Apache-2.0
#include "core/opt/raising.hpp"

#include <algorithm>
#include <utility>

#include "core/ir/copy_node.hpp"
#include "core/shape/infer.hpp"

namespace tenon {
namespace {

bool holds(const std::vector<NodeId>& ids, NodeId id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

// Each part once, producers before users.
std::vector<NodeId> in_order(const Graph& graph, std::vector<NodeId> parts) {
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  std::vector<NodeId> sorted;
  while (sorted.size() < parts.size()) {
    const size_t before = sorted.size();
    for (NodeId id : parts) {
      const std::vector<ValueId>& inputs = graph.nodes[id].inputs;
      const bool ready = std::all_of(inputs.begin(), inputs.end(), [&](ValueId value) {
        const NodeId maker = value == kNone ? kNone : graph.values[value].producer;
        return maker == kNone || !holds(parts, maker) || holds(sorted, maker);
      });
      if (ready && !holds(sorted, id)) {
        sorted.push_back(id);
      }
    }
    if (sorted.size() == before) {
      break;  // of an acyclic graph never
    }
  }
  return sorted;
}

// A node without its values. Parts have no bodies.
Node copy_of(const Node& node) {
  Node copy = copy_operator(node);
  copy.origins = node.origins;
  return copy;
}

// NULL when the parts read something that the new node will not.
std::shared_ptr<const RaisedFrom> remember(const Graph& graph, std::string_view pass, const Raise& raise,
                                           const std::vector<NodeId>& parts) {
  auto kept = std::make_shared<RaisedFrom>();
  kept->pass = std::string(pass);
  kept->model.graph = std::make_unique<Graph>();
  Graph& to = *kept->model.graph;
  to.model = &kept->model;
  std::vector<std::pair<ValueId, ValueId>> map;
  for (ValueId input : raise.inputs) {
    to.inputs.push_back(to.add_value(graph.values[input].name, graph.values[input].type));
    map.emplace_back(input, to.inputs.back());
  }
  const auto mapped = [&](ValueId value) {
    const auto found = std::find_if(map.begin(), map.end(), [&](const auto& pair) { return pair.first == value; });
    if (found != map.end()) {
      return found->second;
    }
    if (graph.constant_of(value) == nullptr) {
      return kNone;
    }
    map.emplace_back(value,
                     to.add_constant(graph.values[value].name, graph.model->constants[graph.values[value].constant]));
    return map.back().second;
  };
  for (NodeId id : parts) {
    const Node& part = graph.nodes[id];
    Node copy = copy_of(part);
    for (ValueId value : part.inputs) {
      copy.inputs.push_back(value == kNone ? kNone : mapped(value));
      if (value != kNone && copy.inputs.back() == kNone) {
        return nullptr;
      }
    }
    copy.outputs = {to.add_value(graph.values[part.outputs[0]].name, graph.values[part.outputs[0]].type)};
    map.emplace_back(part.outputs[0], copy.outputs[0]);
    to.add_node(std::move(copy));
  }
  to.outputs = {mapped(raise.output)};
  return kept;
}

}  // namespace

Status raise_node(PassContext& context, Graph& graph, Raise raise) {
  std::vector<NodeId> parts = in_order(graph, raise.nodes);
  const NodeId last = graph.values[raise.output].producer;
  const auto kept = remember(graph, context.pass, raise, parts);
  std::reverse(parts.begin(), parts.end());  // users before producers
  std::vector<OriginId> origins;
  for (NodeId id : parts) {
    append_origins(&origins, graph.nodes[id]);
  }
  TENON_ASSIGN_OR_RETURN(const ValueId made,
                         add_node(context, graph, last, std::move(raise.op), std::move(raise.inputs),
                                  std::move(raise.attributes), std::move(origins), graph.nodes[last].name));
  graph.nodes[graph.values[made].producer].raised_from = kept;
  take_over(graph, raise.output, made);
  retire(context, graph, std::move(parts), graph.path_of(graph.values[made].producer));
  ++context.changes;
  return {};
}

Result<std::unique_ptr<Graph>> raised_body(const Graph& graph, NodeId id, const onnx_facts::CustomLookup* custom) {
  const Node& node = graph.nodes[id];
  if (node.raised_from == nullptr || node.raised_from->model.graph->inputs.size() != node.inputs.size() ||
      node.outputs.size() != 1) {
    return std::unique_ptr<Graph>();
  }
  const Graph& from = *node.raised_from->model.graph;
  auto body = std::make_unique<Graph>();
  body->name = node.op;
  body->model = graph.model;
  std::vector<ValueId> map(from.values.size(), kNone);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Value& given = graph.values[node.inputs[i]];
    if (given.type.dtype != from.values[from.inputs[i]].type.dtype) {
      return std::unique_ptr<Graph>();
    }
    const ValueId made = map[from.inputs[i]] = body->add_value(given.name, given.type);
    body->values[made].constant = given.constant;
    body->values[made].shape_class = given.shape_class;
    if (given.constant == kNone) {
      body->inputs.push_back(made);
    }
  }
  for (ValueId value = 0; value < from.values.size(); ++value) {
    if (const ConstantId constant = from.values[value].constant; constant != kNone) {
      map[value] = body->add_constant(from.values[value].name, from.model->constants[constant]);
    }
  }
  for (NodeId part : from.order) {
    Node copy = copy_of(from.nodes[part]);
    for (ValueId value : from.nodes[part].inputs) {
      copy.inputs.push_back(value == kNone ? kNone : map[value]);
    }
    const ValueId output = from.nodes[part].outputs[0];
    map[output] = body->add_value(from.values[output].name);
    copy.outputs = {map[output]};
    TENON_RETURN_IF_ERROR(infer_node(body.get(), body->add_node(std::move(copy)), {custom}));
  }
  body->outputs = {map[from.outputs[0]]};
  return body;
}

}  // namespace tenon
