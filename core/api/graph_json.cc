// SPDX-License-Identifier: Apache-2.0
// tenon_session_graph_json: the model's nodes, and what runs in their place, with the values between them.
#include <boost/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/api/session.hpp"

namespace json = boost::json;

namespace tenon::api {
namespace {

json::value optional_index(uint32_t index) { return index == kNone ? json::value(nullptr) : json::value(index); }

// Numbers graphs and values in the order in which they are met.
class GraphWriter {
 public:
  explicit GraphWriter(const Model& model) : model_(model) { add_graph(*model.graph, "main", kNone); }

  // Bodies come after their node's index is known.
  void add_bodies(const Graph& graph, NodeId id, uint32_t index) {
    for (const auto& [attribute, body] : graph.nodes[id].bodies) {
      add_graph(*body, graph.path_of(id) + "." + attribute, index);
    }
  }

  json::value graph_index(const Graph* graph) const {
    const auto found = known_.find(graph);
    return found == known_.end() ? json::value(nullptr) : json::value(found->second.index);
  }
  bool knows(const Graph* graph) const { return known_.contains(graph); }

  json::value value_index(const Graph& graph, ValueId id) {
    if (id == kNone) {
      return nullptr;
    }
    uint32_t& number = known_.at(&graph).values[id];
    if (number == kNone) {
      number = static_cast<uint32_t>(values_.size());
      values_.push_back(value_json(graph.values[id]));
    }
    return number;
  }

  json::array list(const Graph& graph, const std::vector<ValueId>& ids) {
    json::array out;
    out.reserve(ids.size());
    for (ValueId id : ids) {
      out.push_back(value_index(graph, id));
    }
    return out;
  }

  json::object finish(json::array nodes) {
    return {{"graphs", std::move(graphs_)}, {"values", std::move(values_)}, {"nodes", std::move(nodes)}};
  }

 private:
  struct Known {
    uint32_t index = 0;
    std::vector<uint32_t> values;  // by ValueId
  };

  void add_graph(const Graph& graph, std::string path, uint32_t node) {
    known_[&graph] = Known{static_cast<uint32_t>(graphs_.size()), std::vector<uint32_t>(graph.values.size(), kNone)};
    json::array captures;
    for (const Capture& capture : graph.captures) {
      captures.push_back(json::array{value_index(*graph.parent, capture.outer), value_index(graph, capture.inner)});
    }
    graphs_.push_back(json::object{{"path", std::move(path)},
                                   {"node", optional_index(node)},
                                   {"inputs", list(graph, graph.inputs)},
                                   {"outputs", list(graph, graph.outputs)},
                                   {"captures", std::move(captures)}});
  }

  json::object value_json(const Value& value) const {
    const Type& type = value.type;
    json::value dims(nullptr);
    if (type.shape) {
      json::array list;
      list.reserve(type.shape->size());
      for (const Dim& dim : *type.shape) {
        const std::string& symbol = model_.symbols[dim.known() ? 0 : dim.symbol];
        list.push_back(dim.known() ? json::value(dim.size)
                                   : json::value(symbol.empty() || symbol.starts_with('?') ? "?" : symbol));
      }
      dims = std::move(list);
    }
    json::value bytes(nullptr);
    if (const auto elements = element_count(type.shape)) {
      if (const auto known = dtype_bytes(type.dtype, *elements)) {
        bytes = *known;
      }
    }
    return {{"name", value.name},
            {"type", type.is_tensor() ? json::value(dtype_name(type.dtype)) : json::value(type_text(type))},
            {"dims", std::move(dims)},
            {"bytes", std::move(bytes)},
            {"constant", value.constant != kNone}};
  }

  const Model& model_;
  std::unordered_map<const Graph*, Known> known_;
  json::array graphs_, values_;
};

// The node of each origin, where the graph still has one of its own: bodies are found through it.
std::unordered_map<const Graph*, uint32_t> parents_of_bodies(const Model& model) {
  std::unordered_map<const Graph*, uint32_t> found;
  for_each_graph(*model.graph, [&](const Graph& graph) {
    for (NodeId id : graph.order) {
      for (const auto& body : graph.nodes[id].bodies) {
        const std::vector<OriginId>& origins = graph.nodes[id].origins;
        found[body.second.get()] = origins.empty() ? kNone : origins.front();
      }
    }
  });
  return found;
}

Result<std::string> imported(const tenon_session& session) {
  std::vector<NodeWires> wires;
  TENON_ASSIGN_OR_RETURN(const std::unique_ptr<Model> model, import_again(session, &wires));
  const std::vector<Origin>& now = model->origins;
  const std::vector<NodeReport>& then = session.report.nodes;
  bool same = now.size() == then.size() && now.size() == wires.size();
  for (size_t i = 0; same && i < now.size(); ++i) {
    same = now[i].path == then[i].path && now[i].domain + "." + now[i].op == then[i].op;
  }
  if (!same) {
    return Status(TENON_INVALID_MODEL, model->path + ": is no longer the model that the session was made from");
  }
  GraphWriter writer(*model);
  const auto parents = parents_of_bodies(*model);
  for_each_graph(*model->graph, [&](const Graph& graph) {
    for (NodeId id : graph.order) {
      if (!graph.nodes[id].bodies.empty()) {
        writer.add_bodies(graph, id, parents.at(graph.nodes[id].bodies.front().second.get()));
      }
    }
  });
  json::array nodes;
  nodes.reserve(wires.size());
  for (const NodeWires& wire : wires) {
    if (!writer.knows(wire.graph)) {
      nodes.push_back({{"graph", nullptr}, {"inputs", json::array()}, {"outputs", json::array()}});
      continue;
    }
    nodes.push_back({{"graph", writer.graph_index(wire.graph)},
                     {"inputs", writer.list(*wire.graph, wire.inputs)},
                     {"outputs", writer.list(*wire.graph, wire.outputs)}});
  }
  return json::serialize(writer.finish(std::move(nodes)));
}

const char* class_name(NodeClass node_class) {
  switch (node_class) {
    case NodeClass::view:
      return "view";
    case NodeClass::shape:
      return "shape";
    case NodeClass::structure:
      return "structure";
    case NodeClass::region:
    case NodeClass::none:
      break;
  }
  return "";
}

// Nodes of a program, then of its bodies.
class ProgramWriter {
 public:
  explicit ProgramWriter(const tenon_session& session) : session_(session), writer_(*session.model) {}

  std::string write() {
    add(session_.executor->program());
    json::array copies;
    for (const CopyReport& copy : session_.report.copies) {
      json::array readers;
      for (NodeId reader : copy.readers) {
        readers.push_back(numbers_.at(copy.graph)[reader]);
      }
      copies.push_back({{"value", writer_.value_index(*copy.graph, copy.id)},
                        {"from", copy.from},
                        {"to", copy.to},
                        {"bytes", copy.bytes < 0 ? json::value(nullptr) : json::value(copy.bytes)},
                        {"readers", std::move(readers)},
                        {"output", copy.output}});
    }
    json::object out = writer_.finish(std::move(nodes_));
    out["copies"] = std::move(copies);
    return json::serialize(out);
  }

 private:
  void add(const Program& program) {
    const Graph& graph = *program.graph;
    std::vector<uint32_t>& numbers = numbers_[&graph];
    numbers.assign(graph.nodes.size(), kNone);
    for (NodeId id : graph.order) {
      numbers[id] = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back(node_json(program, id));
    }
    for (NodeId id : graph.order) {
      writer_.add_bodies(graph, id, numbers[id]);
    }
    groups_ += static_cast<int64_t>(program.placement.regions.size());
    for (const auto& body : program.bodies) {
      add(*body);
    }
  }

  json::object node_json(const Program& program, NodeId id) {
    const Graph& graph = *program.graph;
    const Node& node = graph.nodes[id];
    json::object out = {{"graph", writer_.graph_index(&graph)},
                        {"inputs", writer_.list(graph, node.inputs)},
                        {"outputs", writer_.list(graph, node.outputs)},
                        {"path", graph.path_of(id)},
                        {"op", node.domain + "." + node.op},
                        {"origins", json::value_from(node.origins)},
                        {"class", class_name(program.placement.classes[id])},
                        {"provider", ""},
                        {"device", ""},
                        {"kernel", ""},
                        {"group", nullptr}};
    if (program.placement.classes[id] == NodeClass::region) {
      const uint32_t region = program.placement.region_of[id];
      const CompiledRegion& compiled = *program.regions[region];
      out["class"] = out["provider"] = compiled.provider().id();
      out["device"] = compiled.session().device().name;
      out["kernel"] = compiled.kernel();
      if (program.placement.regions[region].nodes.size() > 1) {
        out["group"] = groups_ + region;
      }
    }
    return out;
  }

  const tenon_session& session_;
  GraphWriter writer_;
  std::unordered_map<const Graph*, std::vector<uint32_t>> numbers_;  // by NodeId
  json::array nodes_;
  int64_t groups_ = 0;
};

}  // namespace

Result<std::string> graph_json(const tenon_session& session, std::string_view stage) {
  if (stage == "import") {
    return imported(session);
  }
  if (stage == "optimized") {
    return ProgramWriter(session).write();
  }
  return Status(TENON_INVALID_ARGUMENT,
                "tenon_session_graph_json: stage is 'import' or 'optimized', not '" + std::string(stage) + "'");
}

}  // namespace tenon::api
