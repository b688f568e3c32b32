// SPDX-License-Identifier: Apache-2.0
// Operators that ONNX defines by others: their function bodies as graphs, and in place of a node.
#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "core/onnx/build.hpp"
#include "core/onnx/facts.hpp"
#include "core/onnx/libonnx.hpp"
#include "core/onnx/wire/parse.hpp"

namespace tenon::onnx_facts {
namespace {

// A node as libonnx's function builders ask about it.
class BuildContext final : public tenon_onnx::FunctionBodyBuildContext {
 public:
  BuildContext(const Graph& graph, const Node& node) : node_(node) {
    types_.resize(node.inputs.size());
    for (size_t i = 0; i < types_.size(); ++i) {
      if (node.inputs[i] != kNone) {
        to_proto(graph.values[node.inputs[i]].type, &types_[i]);
      }
    }
    for (const Attribute& attribute : node.attributes) {
      to_proto(attribute, &attributes_.emplace_back());
    }
  }
  const tenon_onnx::AttributeProto* getAttribute(const std::string& name) const override {
    for (const auto& attribute : attributes_) {
      if (attribute.name() == name) {
        return &attribute;
      }
    }
    return nullptr;
  }
  bool hasInput(int index) const override { return present(node_.inputs, index); }
  bool hasOutput(int index) const override { return present(node_.outputs, index); }
  const tenon_onnx::TypeProto* getInputType(int index) const override {
    const bool there = hasInput(index) && types_[static_cast<size_t>(index)].value_case() != 0;
    return there ? &types_[static_cast<size_t>(index)] : nullptr;
  }

 private:
  static bool present(const std::vector<ValueId>& list, int index) {
    return index >= 0 && static_cast<size_t>(index) < list.size() && list[static_cast<size_t>(index)] != kNone;
  }
  const Node& node_;
  std::vector<tenon_onnx::TypeProto> types_;
  std::vector<tenon_onnx::AttributeProto> attributes_;
};

// Builders look at inputs' element types and ranks: without them they crash or guess.
bool inputs_known(const Graph& graph, const Node& node) {
  for (const ValueId id : node.inputs) {
    if (id != kNone &&
        (!graph.values[id].type.known() || (graph.values[id].type.is_tensor() && !graph.values[id].type.shape))) {
      return false;
    }
  }
  return true;
}

// The function of the schema for this node; false when there is none for it.
bool make_function(const Operator& op, const Graph& graph, const Node& node, tenon_onnx::FunctionProto* out) {
  if (op.schema == nullptr || !node.bodies.empty()) {
    return false;
  }
  if (const auto* fixed = op.schema->GetFunction(static_cast<int>(newest_opset(op.domain)))) {
    *out = *fixed;
    return true;
  }
  if (!inputs_known(graph, node)) {
    return false;
  }
  int version = 0;
  for (const int candidate : op.schema->context_dependent_function_opset_versions()) {
    version = std::max(version, candidate);
  }
  // Asked for by the version that it is written in: the builder raises its nodes as those of any model.
  return version > 0 && op.schema->BuildContextDependentFunction(BuildContext(graph, node), *out, version);
}

void erase_unused(Graph* graph) {
  const std::vector<NodeId> order = graph->order;
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    bool used = false;
    for (const ValueId output : graph->nodes[*it].outputs) {
      used = used || (output != kNone && (!graph->values[output].users.empty() || graph->is_graph_output(output)));
    }
    if (!used) {
      graph->erase_node(*it);
    }
  }
}

Result<std::unique_ptr<Graph>> build_body(const Graph& graph, const Node& node,
                                          const tenon_onnx::FunctionProto& proto) {
  const auto bytes = std::make_shared<std::string>();
  if (!proto.SerializeToString(bytes.get())) {
    return Status(TENON_INTERNAL, "the function of " + node.op + " can't be written");
  }
  wire::Function function;
  TENON_RETURN_IF_ERROR(wire::parse_function(*bytes, wire::ParseLimits{}, &function));
  onnx_import::Opsets opsets;
  TENON_RETURN_IF_ERROR(onnx_import::read_opsets(function.opset_import, &opsets));
  auto body = std::make_unique<Graph>();
  body->name = node.op;
  body->model = graph.model;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  for (const ValueId id : node.inputs) {
    inputs.push_back(kNone);
    if (id == kNone) {
      continue;
    }
    const Value& value = graph.values[id];
    inputs.back() = body->add_value(value.name, value.type);
    if (value.constant != kNone) {
      body->values[inputs.back()].constant = value.constant;
      body->values[inputs.back()].shape_class = ShapeClass::fixed;
    } else {
      body->inputs.push_back(inputs.back());
    }
  }
  for (const ValueId id : node.outputs) {
    outputs.push_back(id == kNone ? kNone : body->add_value(graph.values[id].name));
    if (id != kNone) {
      body->outputs.push_back(outputs.back());
    }
  }
  onnx_import::Bindings bindings;
  for (const Attribute& attribute : node.attributes) {
    bindings.emplace(attribute.name, attribute);
  }
  onnx_import::TensorReader::Settings settings;
  settings.bytes = *bytes;
  settings.owner = bytes;
  settings.dense_bytes = ImportLimits{}.dense_bytes;
  onnx_import::TensorReader tensors(std::move(settings));
  const ImportOptions options;
  onnx_import::Builder builder(graph.model, opsets, &tensors, nullptr, options, UINT64_MAX);
  TENON_RETURN_IF_ERROR(builder.build_function(function, bindings, inputs, outputs, node, body.get()));
  erase_unused(body.get());
  return body;
}

}  // namespace

bool has_function(const Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  const Operator* op = current_operator(node.domain, node.op);
  try {
    tenon_onnx::FunctionProto function;
    return op != nullptr && make_function(*op, graph, node, &function);
  } catch (const std::exception&) {
    return false;
  }
}

Result<std::unique_ptr<Graph>> function_body(const Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  const std::string title = node.domain + "." + node.op;
  const auto none = [&](const std::string& why) {
    return Status(TENON_UNSUPPORTED, graph.path_of(id) + " (" + title + "): " + why)
        .with_node(graph.path_of(id), title);
  };
  try {
    const Operator* op = current_operator(node.domain, node.op);
    tenon_onnx::FunctionProto function;
    if (op == nullptr || !make_function(*op, graph, node, &function)) {
      return none("has no function body");
    }
    auto body = build_body(graph, node, function);
    return body.ok() ? std::move(body) : none("its function body can't be built: " + body.status().message());
  } catch (const std::bad_alloc&) {
    return Status(TENON_OUT_OF_MEMORY, "no memory for the function body of " + title);
  } catch (const std::exception& error) {
    return none(std::string("its function body can't be built: ") + error.what());
  }
}

Status inline_body(Graph* graph, NodeId id, std::unique_ptr<Graph> body) {
  std::vector<ValueId> map(body->values.size(), kNone);
  std::vector<ValueId> given;
  for (const ValueId input : graph->nodes[id].inputs) {
    if (input != kNone && graph->constant_of(input) == nullptr) {
      given.push_back(input);
    }
  }
  std::vector<ValueId> taken;
  for (const ValueId output : graph->nodes[id].outputs) {
    if (output != kNone) {
      taken.push_back(output);
    }
  }
  if (given.size() != body->inputs.size() || taken.size() != body->outputs.size()) {
    return Status(TENON_INTERNAL, "the body of " + graph->path_of(id) + " was made for another node");
  }
  for (size_t i = 0; i < given.size(); ++i) {
    map[body->inputs[i]] = given[i];
  }
  const std::string prefix = graph->nodes[id].name + "/";
  const auto mapped = [&](ValueId inner) {
    if (inner != kNone && map[inner] == kNone) {
      Value& value = body->values[inner];
      map[inner] = graph->add_value(prefix + value.name, value.type);
      graph->values[map[inner]].constant = value.constant;
      graph->values[map[inner]].shape_class = value.shape_class;
    }
    return inner == kNone ? kNone : map[inner];
  };
  for (const NodeId inner : body->order) {
    Node node = std::move(body->nodes[inner]);
    node.name = prefix + node.name;
    for (ValueId& value : node.inputs) {
      value = mapped(value);
    }
    for (ValueId& value : node.outputs) {
      value = mapped(value);
    }
    for (auto& [name, nested] : node.bodies) {
      for (Capture& capture : nested->captures) {
        capture.outer = mapped(capture.outer);
      }
    }
    graph->add_node(std::move(node), id);
  }
  for (size_t i = 0; i < taken.size(); ++i) {
    const ValueId inner = body->outputs[i];
    ValueId result = mapped(inner);
    const bool own =
        body->values[inner].producer != kNone && std::count(body->outputs.begin(), body->outputs.end(), inner) == 1;
    if (!own) {  // an output needs a source of its own
      Node identity;
      identity.name = prefix + "Identity";
      identity.domain = "ai.onnx";
      identity.op = "Identity";
      identity.form = current_form("ai.onnx", "Identity");
      identity.inputs = {result};
      identity.origins = graph->nodes[id].origins;
      result = graph->add_value(prefix + body->values[inner].name, body->values[inner].type);
      identity.outputs = {result};
      graph->add_node(std::move(identity), id);
    }
    graph->replace_uses(taken[i], result, true);
  }
  graph->erase_node(id);
  return {};
}

}  // namespace tenon::onnx_facts
