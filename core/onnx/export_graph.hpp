// SPDX-License-Identifier: Apache-2.0
// Graphs as GraphProtos. Internal to export.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/onnx/export_proto.hpp"

namespace tenon::onnx_export {

// Writes the graphs of a model whose nodes have been lowered to `opset`. The messages borrow its constants.
class GraphWriter {
 public:
  struct Settings {
    uint32_t opset = 0;
    bool dense_splats = false;
    ExternalFile* external = nullptr;  // NULL: everything lies in the model's file
  };
  GraphWriter(const Model& model, Settings settings);

  wire::Message main_graph();
  uint64_t nodes() const { return nodes_; }
  bool has_onnx_nodes() const { return onnx_nodes_ > 0; }  // of ai.onnx
  const std::map<std::string, uint64_t>& operators() const { return operators_; }

 private:
  // One graph under way. Names of ONNX's values are unique in a graph and all that it sees around it.
  struct Scope {
    const Graph* graph = nullptr;
    const Scope* parent = nullptr;
    std::unordered_map<ValueId, std::string> names;         // of values that have one
    std::unordered_set<std::string> taken;                  // by values of the graph
    std::unordered_map<ConstantId, std::string> constants;  // written in this graph
    wire::Message message;
  };

  void count_uses(const Graph& graph);
  void take_names(const Graph& graph);
  bool in_main(ConstantId id) const;
  // The name of a value for its readers; constants are written when they are first asked for.
  const std::string& name_of(Scope* scope, ValueId id);
  std::string free_name(const Scope& scope, const std::string& wanted);
  std::string shared_name(const std::string& wanted);
  std::string constant_name(Scope* scope, ConstantId id, const std::string& wanted);
  void write_constant(Scope* scope, const std::string& name, const Constant& constant);
  bool as_node(const Constant& constant) const;
  void write_nodes(Scope* scope);
  wire::Message node_message(Scope* scope, const Node& node);
  wire::Message body(const Graph& graph, Scope* parent);
  std::string body_output(Scope* scope, ValueId id, std::set<ValueId>* seen);
  void write_identity(Scope* scope, const std::string& from, const std::string& to);
  Type output_type(const Graph& graph, size_t index) const;
  void count(const std::string& op, std::string_view domain = "ai.onnx");

  const Model& model_;
  const Settings settings_;
  Scope* main_ = nullptr;
  std::unordered_set<std::string> all_names_;                   // of every graph
  std::unordered_map<ConstantId, std::string> main_constants_;  // of the main graph, by value
  std::unordered_map<ConstantId, std::set<const Graph*>> uses_;
  std::map<std::string, uint64_t> operators_;
  uint64_t nodes_ = 0;
  uint64_t onnx_nodes_ = 0;
};

}  // namespace tenon::onnx_export
