// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/export_graph.hpp"

#include <algorithm>

#include "core/onnx/schema.hpp"

namespace tenon::onnx_export {
namespace {

using wire::Message;

constexpr uint64_t kShared = 1024;  // bytes of a constant that several graphs see in one place
constexpr uint64_t kSplat = 1024;   // bytes from which one repeated value is worth a node
constexpr uint32_t kConstantOfShape = 9;

// Fields of GraphProto and NodeProto.
enum Field : uint32_t {
  kNode = 1,
  kName = 2,
  kInitializer = 5,
  kDocString = 10,
  kInput = 11,
  kOutput = 12,
  kValueInfo = 13
};
enum NodeField : uint32_t { kInputs = 1, kOutputs = 2, kNodeName = 3, kOp = 4, kAttribute = 5, kDomain = 7 };

}  // namespace

GraphWriter::GraphWriter(const Model& model, Settings settings) : model_(model), settings_(settings) {
  for_each_graph(*model.graph, [&](Graph& graph) { count_uses(graph); });
  for_each_graph(*model.graph, [&](Graph& graph) { take_names(graph); });
}

// Constants that will lie in the main graph don't need their names in bodies.
void GraphWriter::take_names(const Graph& graph) {
  const bool main = &graph == model_.graph.get();
  for (const Value& value : graph.values) {
    if (value.live && (main || value.constant == kNone || !in_main(value.constant))) {
      all_names_.insert(value.name);
    }
    if (value.live && main && value.constant != kNone) {
      main_constants_.emplace(value.constant, value.name);
    }
  }
}

void GraphWriter::count_uses(const Graph& graph) {
  const auto use = [&](ValueId id) {
    if (id != kNone && graph.values[id].constant != kNone) {
      uses_[graph.values[id].constant].insert(&graph);
    }
  };
  for (const NodeId id : graph.order) {
    for (const ValueId input : graph.nodes[id].inputs) {
      use(input);
    }
    for (const auto& [name, inner] : graph.nodes[id].bodies) {
      for (const Capture& capture : inner->captures) {
        use(capture.outer);
      }
    }
  }
  for (const ValueId id : graph.outputs) {
    use(id);
  }
}

bool GraphWriter::in_main(ConstantId id) const {
  const auto it = uses_.find(id);
  return it != uses_.end() && it->second.size() > 1 && model_.constants[id]->full_bytes() >= kShared;
}

std::string GraphWriter::free_name(const Scope& scope, const std::string& wanted) {
  const auto taken = [&](const std::string& name) {
    for (const Scope* at = &scope; at != nullptr; at = at->parent) {
      if (at->taken.contains(name)) {
        return true;
      }
    }
    return false;
  };
  std::string name = wanted;
  for (uint32_t suffix = 1; taken(name); ++suffix) {
    name = wanted + "_" + std::to_string(suffix);
  }
  all_names_.insert(name);
  return name;
}

// A name that no graph has.
std::string GraphWriter::shared_name(const std::string& wanted) {
  std::string name = wanted;
  for (uint32_t suffix = 1; !all_names_.insert(name).second; ++suffix) {
    name = wanted + "_" + std::to_string(suffix);
  }
  return name;
}

const std::string& GraphWriter::name_of(Scope* scope, ValueId id) {
  if (const auto it = scope->names.find(id); it != scope->names.end()) {
    return it->second;
  }
  const Value& value = scope->graph->values[id];
  std::string name = value.constant != kNone ? constant_name(scope, value.constant, value.name) : value.name;
  return scope->names.emplace(id, std::move(name)).first->second;
}

std::string GraphWriter::constant_name(Scope* scope, ConstantId id, const std::string& wanted) {
  Scope* home = in_main(id) ? main_ : scope;
  if (const auto it = home->constants.find(id); it != home->constants.end()) {
    return it->second;
  }
  const auto of_main = main_constants_.find(id);
  const std::string name = home == main_ && of_main != main_constants_.end() ? of_main->second
                           : home == main_                                   ? shared_name(wanted)
                                                                             : free_name(*scope, wanted);
  home->taken.insert(name);
  home->constants.emplace(id, name);
  write_constant(home, name, *model_.constants[id]);
  return name;
}

bool GraphWriter::as_node(const Constant& constant) const {
  if (!constant.splat || settings_.dense_splats || settings_.opset < kConstantOfShape ||
      constant.full_bytes() < kSplat) {
    return false;
  }
  const onnx_facts::Operator* op = onnx_facts::find_operator("ai.onnx", "ConstantOfShape", settings_.opset);
  return op != nullptr && op->type_sets[op->outputs[0].type_set].contains(Type::tensor(constant.dtype));
}

void GraphWriter::write_constant(Scope* scope, const std::string& name, const Constant& constant) {
  if (!as_node(constant)) {
    scope->message.message(kInitializer, tensor_message(name, constant, settings_.external));
    return;
  }
  const std::string shape = shared_name(name + "_shape");
  const ConstantPtr dims = make_int64_constant({static_cast<int64_t>(constant.dims.size())}, constant.dims);
  // Small: the bytes are copied, since nobody keeps `dims`.
  Message tensor;
  tensor.varint(1, constant.dims.size());
  tensor.varint(2, TENON_INT64);
  tensor.text(8, shape);
  tensor.text(9, {reinterpret_cast<const char*>(dims->data), static_cast<size_t>(dims->bytes)});
  scope->message.message(kInitializer, std::move(tensor));
  Constant element = constant;
  element.dims = {1};
  element.splat = false;
  Message value;
  value.text(1, "value");
  value.message(5, tensor_message("", element, nullptr));
  value.varint(20, onnx_facts::kAttrTensor);
  Message node;
  node.text(kInputs, shape);
  node.text(kOutputs, name);
  node.text(kNodeName, name);
  node.text(kOp, "ConstantOfShape");
  node.message(kAttribute, std::move(value));
  scope->message.message(kNode, std::move(node));
  count("ConstantOfShape");
}

void GraphWriter::count(const std::string& op, std::string_view domain) {
  ++nodes_;
  onnx_nodes_ += domain == "ai.onnx" ? 1 : 0;
  ++operators_[op];
}

wire::Message GraphWriter::node_message(Scope* scope, const Node& node) {
  // Bodies first: what they see of this graph may be a constant that is not written yet.
  std::vector<Message> bodies;
  for (const auto& [name, inner] : node.bodies) {
    bodies.push_back(graph_attribute_message(name, body(*inner, scope)));
  }
  Message out;
  for (const ValueId id : node.inputs) {
    out.text(kInputs, id == kNone ? std::string() : name_of(scope, id));
  }
  for (const ValueId id : node.outputs) {
    out.text(kOutputs, id == kNone ? std::string() : name_of(scope, id));
  }
  out.text(kNodeName, node.name);
  out.text(kOp, node.op);
  for (const Attribute& attribute : node.attributes) {
    out.message(kAttribute, attribute_message(attribute, model_));
  }
  for (Message& each : bodies) {
    out.message(kAttribute, std::move(each));
  }
  if (node.domain != "ai.onnx") {
    out.text(kDomain, node.domain);
    for (const ValueId id : node.outputs) {  // nobody else may know how to infer it
      if (id != kNone && scope->graph->values[id].type.known() && !scope->graph->is_graph_output(id)) {
        scope->message.message(kValueInfo,
                               value_info_message(name_of(scope, id), scope->graph->values[id].type, model_));
      }
    }
  }
  count(node.op, node.domain);
  return out;
}

void GraphWriter::write_nodes(Scope* scope) {
  for (const NodeId id : scope->graph->order) {
    Message node = node_message(scope, scope->graph->nodes[id]);
    scope->message.message(kNode, std::move(node));
  }
}

void GraphWriter::write_identity(Scope* scope, const std::string& from, const std::string& to) {
  Message node;
  node.text(kInputs, from);
  node.text(kOutputs, to);
  node.text(kNodeName, to);
  node.text(kOp, "Identity");
  scope->message.message(kNode, std::move(node));
  count("Identity");
}

// Others want each output of a body to be made by a node of its own.
std::string GraphWriter::body_output(Scope* scope, ValueId id, std::set<ValueId>* seen) {
  const std::string name = name_of(scope, id);
  if (scope->graph->values[id].producer != kNone && seen->insert(id).second) {
    return name;
  }
  const std::string own = shared_name(name + "_result");
  write_identity(scope, name, own);
  return own;
}

wire::Message GraphWriter::body(const Graph& graph, Scope* parent) {
  Scope scope;
  scope.graph = &graph;
  scope.parent = parent;
  for (const Capture& capture : graph.captures) {
    scope.names[capture.inner] = name_of(parent, capture.outer);
  }
  const auto own_name = [&](ValueId id) {
    const std::string name = free_name(scope, graph.values[id].name);
    scope.taken.insert(name);
    scope.names[id] = name;
  };
  for (const ValueId id : graph.inputs) {
    own_name(id);
    scope.message.message(kInput, value_info_message(scope.names[id], graph.values[id].type, model_));
  }
  for (const NodeId id : graph.order) {
    for (const ValueId output : graph.nodes[id].outputs) {
      if (output != kNone) {
        own_name(output);
      }
    }
  }
  write_nodes(&scope);
  std::set<ValueId> seen;
  for (const ValueId id : graph.outputs) {
    const std::string name = body_output(&scope, id, &seen);
    scope.message.message(kOutput, value_info_message(name, graph.values[id].type, model_));
  }
  scope.message.text(kName, graph.name.empty() ? "body" : graph.name);
  return std::move(scope.message);
}

// As the model declares it, with what has been found out since.
Type GraphWriter::output_type(const Graph& graph, size_t index) const {
  Type type = graph.values[graph.outputs[index]].type;
  if (index >= graph.declared_outputs.size() || !graph.declared_outputs[index].known()) {
    return type;
  }
  const Type& declared = graph.declared_outputs[index];
  if (!type.known() || type.kind != declared.kind || !type.shape) {
    return type.known() && type.kind != TypeKind::tensor ? type : declared;
  }
  if (!declared.shape || declared.shape->size() != type.shape->size()) {
    return type;
  }
  for (size_t axis = 0; axis < type.shape->size(); ++axis) {
    Dim& dim = (*type.shape)[axis];
    const Dim& said = (*declared.shape)[axis];
    if (!dim.known() && (said.symbol != 0 || said.known())) {
      dim = said;
    }
  }
  return type;
}

wire::Message GraphWriter::main_graph() {
  const Graph& graph = *model_.graph;
  Scope scope;
  scope.graph = &graph;
  main_ = &scope;
  for (const Value& value : graph.values) {
    if (value.live) {
      scope.taken.insert(value.name);
    }
  }
  for (const ValueId id : graph.inputs) {
    scope.message.message(kInput, value_info_message(graph.values[id].name, graph.values[id].type, model_));
    if (const auto it = model_.overridable.find(id); it != model_.overridable.end()) {
      scope.message.message(kInitializer, tensor_message(graph.values[id].name, *it->second, settings_.external));
    }
  }
  // A constant that is an output bears the output's name.
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const ValueId id = graph.outputs[i];
    const std::string& name = graph.values[id].name;
    scope.message.message(kOutput, value_info_message(name, output_type(graph, i), model_));
    if (graph.values[id].constant != kNone && scope.names.emplace(id, name).second) {
      write_constant(&scope, name, *model_.constants[graph.values[id].constant]);
      scope.constants.emplace(graph.values[id].constant, name);
    }
  }
  write_nodes(&scope);
  scope.message.text(kName, graph.name.empty() ? "graph" : graph.name);
  scope.message.text_if(kDocString, model_.graph_doc_string);
  main_ = nullptr;
  return std::move(scope.message);
}

}  // namespace tenon::onnx_export
