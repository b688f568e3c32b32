// SPDX-License-Identifier: Apache-2.0
// What a session tells about itself, as JSON.
#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <string>

#include "core/api/session.hpp"

namespace json = boost::json;

namespace tenon::api {
namespace {

json::object node_json(const NodeReport& node) {
  json::object out = {{"path", node.path},         {"op", node.op},         {"class", node.node_class},
                      {"provider", node.provider}, {"device", node.device}, {"why", node.why},
                      {"kernel", node.kernel}};
  if (node.group >= 0) {
    out["group"] = node.group;
  } else {
    out["group"] = nullptr;
  }
  json::array others;
  for (const NodeReport::Other& other : node.others) {
    others.push_back({{"provider", other.provider}, {"reason", other.reason}, {"text", other.text}});
  }
  out["others"] = std::move(others);
  return out;
}

json::array io_json(const std::vector<std::unique_ptr<IoInfo>>& list) {
  json::array out;
  for (const auto& io : list) {
    json::object record = {{"name", io->name}, {"type", io->type}, {"optional", io->record.optional != 0}};
    json::array dims;
    for (size_t i = 0; i < io->dims.size(); ++i) {
      if (io->dims[i] >= 0) {
        dims.emplace_back(io->dims[i]);
      } else {
        dims.emplace_back(io->symbols[i].empty() ? std::string("?") : io->symbols[i]);
      }
    }
    record["dims"] = io->record.rank == UINT32_MAX ? json::value(nullptr) : json::value(std::move(dims));
    out.push_back(std::move(record));
  }
  return out;
}

const char* shape_class_name(ShapeClass shape_class) {
  switch (shape_class) {
    case ShapeClass::fixed:
      return "static";
    case ShapeClass::symbolic:
      return "symbolic";
    case ShapeClass::computed:
      return "computed";
    case ShapeClass::data:
      return "data";
    case ShapeClass::unknown:
      break;
  }
  return "unknown";
}

}  // namespace

std::string placement_json(const tenon_session& session) {
  json::object classes;
  for (const auto& [name, count] : session.report.classes) {
    classes[name] = count;
  }
  json::array nodes;
  for (const NodeReport& node : session.report.nodes) {
    nodes.push_back(node_json(node));
  }
  json::array copies;
  for (const CopyReport& copy : session.report.copies) {
    copies.push_back({{"value", copy.value},
                      {"from", copy.from},
                      {"to", copy.to},
                      {"bytes", copy.bytes < 0 ? json::value(nullptr) : json::value(copy.bytes)}});
  }
  json::array passes;
  for (const PassRecord& pass : session.passes) {
    passes.push_back({{"name", json::string_view(pass.name)},
                      {"class", pass.kind == PassClass::exact ? "exact" : "rounding"},
                      {"changed", pass.changes},
                      {"ms", static_cast<double>(pass.nanoseconds) / 1e6}});
  }
  return json::serialize(json::object{{"line", session.report.line},
                                      {"providers", json::value_from(session.providers)},
                                      {"classes", std::move(classes)},
                                      {"nodes", std::move(nodes)},
                                      {"copies", std::move(copies)},
                                      {"passes", std::move(passes)},
                                      {"load",
                                       {{"import_ms", session.times.import_ms},
                                        {"passes_ms", session.times.passes_ms},
                                        {"place_ms", session.times.place_ms},
                                        {"total_ms", session.times.total_ms}}}});
}

std::string inspect_json(const tenon_session& session) {
  const Model& model = *session.model;
  json::object metadata;
  for (const auto& [key, value] : model.metadata) {
    metadata[key] = value;
  }
  json::object opsets;
  for (const auto& [domain, version] : model.opsets) {
    opsets[domain] = version;
  }
  std::map<std::string, uint64_t> operators;
  for (const Origin& origin : model.origins) {
    ++operators[origin.domain + "." + origin.op];
  }
  std::map<std::string, uint64_t> classes;
  for_each_graph(*model.graph, [&](const Graph& graph) {
    for (const Value& value : graph.values) {
      if (value.live && value.constant == kNone) {
        ++classes[shape_class_name(value.shape_class)];
      }
    }
  });
  return json::serialize(json::object{{"path", model.path},
                                      {"ir_version", model.ir_version},
                                      {"producer", model.producer_name},
                                      {"producer_version", model.producer_version},
                                      {"model_version", model.model_version},
                                      {"domain", model.domain},
                                      {"description", model.doc_string},
                                      {"graph", model.graph->name},
                                      {"graph_description", model.graph_doc_string},
                                      {"opsets", std::move(opsets)},
                                      {"inputs", io_json(session.inputs)},
                                      {"outputs", io_json(session.outputs)},
                                      {"metadata", std::move(metadata)},
                                      {"nodes", model.origins.size()},
                                      {"operators", json::value_from(operators)},
                                      {"weight_bytes", session.weights_in_model},
                                      {"weights", model.constants.size()},
                                      {"shape_classes", json::value_from(classes)}});
}

}  // namespace tenon::api
