// SPDX-License-Identifier: Apache-2.0
// One node of the model: a constant, a call of a function, or an operator that is checked, raised and typed.
#include <algorithm>
#include <cstring>
#include <utility>

#include "core/onnx/build.hpp"
#include "core/onnx/build_call.hpp"
#include "core/onnx/forms/forms.hpp"

namespace tenon::onnx_import {
namespace {

using onnx_facts::InferContext;
using onnx_facts::InferInput;
using onnx_facts::Operator;

// Types of bodies were inferred when they were built, from what the node around gives them.
Result<std::vector<Type>> types_of_outputs(const Graph& body, std::span<const Type>) {
  std::vector<Type> types;
  for (const ValueId id : body.outputs) {
    types.push_back(body.values[id].type);
  }
  return types;
}

}  // namespace

Status Builder::Call::locate(Status status) const {
  if (status.ok() || !status.fields().node.empty()) {
    return status;
  }
  return status.prefixed(path + " (" + title + "): ").with_node(path, title);
}

// A rule's view of the graph that is being built.
class Builder::Raising final : public forms::Raise {
 public:
  Raising(Builder* builder, Call* call)
      : Raise(call->scope.graph, std::move(call->node)), builder_(builder), wire_(call->wire), scope_(call->scope) {}

  bool output_read(size_t output) const override { return has_output(output) && is_read(wire_.output[output], scope_); }

 private:
  Status add(Node added) override {
    const Operator* op = onnx_facts::current_operator(added.domain, added.op);
    if (op == nullptr) {
      return Status(TENON_INTERNAL, "a rewrite makes the unknown operator " + added.op);
    }
    TENON_RETURN_IF_ERROR(builder_->tick());
    TENON_RETURN_IF_ERROR(onnx_facts::check_and_complete(*op, &added));
    return builder_->add_node(*op, std::move(added), scope_);
  }
  Builder* builder_;
  const wire::Node& wire_;
  const Scope& scope_;
};

const Operator* Builder::find_operator(std::string_view domain, std::string_view op, uint32_t opset) {
  std::string& key = operator_key_;
  key.assign(domain).append(1, '\0').append(op).append(1, '\0').append(std::to_string(opset));
  if (const auto it = operators_.find(key); it != operators_.end()) {
    return it->second;
  }
  const Operator* found = onnx_facts::find_operator(domain, op, opset);
  if (found == nullptr && options_.custom != nullptr && *options_.custom) {
    if (const onnx_facts::CustomOperator* custom = (*options_.custom)(domain, op, opset)) {
      custom_.push_back(std::make_unique<Operator>(onnx_facts::from_custom(*custom)));
      found = custom_.back().get();
    }
  }
  operators_.emplace(key, found);
  return found;
}

Status Builder::build_node(const wire::Node& wire, size_t index, Scope* scope) {
  Call call(wire, *scope);
  Node& node = call.node;
  const std::string label =
      wire.name.empty() ? std::string(wire.op_type) + "_" + std::to_string(index) : std::string(wire.name);
  node.name = scope->prefix + label;
  node.domain = domain_of(wire.domain);
  node.op = wire.op_type;
  call.path = scope->place + "/" + node.name;
  call.title = node.domain + "." + node.op;
  const auto imported = scope->opsets->find(node.domain);
  const auto fallback = opsets_.find(node.domain);
  call.opset = imported != scope->opsets->end() ? imported->second : fallback != opsets_.end() ? fallback->second : 0;
  if (inherited_ != nullptr) {
    node.origins = *inherited_;
  } else {
    node.origins = {static_cast<OriginId>(model_->origins.size())};
    model_->origins.push_back(Origin{call.path, node.domain, node.op, call.opset, Fate::runs, {}, {}});
  }
  for (const std::string_view name : wire.input) {
    ValueId id = kNone;
    if (!name.empty()) {
      auto found = find_value(name, scope);
      if (!found.ok()) {
        return call.locate(found.status());
      }
      id = *found;
    }
    node.inputs.push_back(id);
  }
  for (const std::string_view name : wire.output) {
    node.outputs.push_back(name.empty() ? kNone : *scope->names.find(name));
  }
  if (options_.wires != nullptr && inherited_ == nullptr) {
    options_.wires->push_back({scope->graph, node.inputs, node.outputs});
  }
  while (!node.inputs.empty() && node.inputs.back() == kNone) {
    node.inputs.pop_back();
  }
  TENON_RETURN_IF_ERROR(call.locate(read_attributes(&call)));
  const wire::Function* function = functions_ == nullptr ? nullptr : functions_->find(wire);
  TENON_RETURN_IF_ERROR(call.locate(function != nullptr ? build_call(&call, *function) : build_operator(&call)));
  for (const std::string_view name : wire.output) {
    if (!name.empty()) {
      TENON_RETURN_IF_ERROR(check_declared(*scope->names.find(name), name, *scope));
    }
  }
  return {};
}

Status Builder::build_operator(Call* call) {
  Node& node = call->node;
  if (call->opset == 0) {
    return Status(TENON_INVALID_MODEL, "the model does not import the domain " + node.domain);
  }
  const Operator* op = find_operator(node.domain, node.op, call->opset);
  if (op == nullptr) {
    const Operator* later = onnx_facts::find_operator(node.domain, node.op, onnx_facts::newest_opset(node.domain));
    const bool is_known = later != nullptr && later->schema != nullptr;
    return Status(TENON_UNSUPPORTED, "there is no operator " + node.op + " in opset " + std::to_string(call->opset) +
                                         " of " + node.domain + (is_known ? ", it came with a later one" : ""));
  }
  TENON_ASSIGN_OR_RETURN(const bool is_constant, make_constant(*op, call));
  if (is_constant) {
    return {};
  }
  node.form = op->form;
  TENON_RETURN_IF_ERROR(build_bodies(call));
  TENON_RETURN_IF_ERROR(onnx_facts::check_and_complete(*op, &node));
  return add_raised(*op, call);
}

Status Builder::add_raised(const Operator& op, Call* call) {
  Node& node = call->node;
  const Scope& scope = call->scope;
  const Operator* current = op.custom != nullptr ? &op : onnx_facts::current_operator(op.domain, op.op);
  if (current == nullptr) {
    return Status(TENON_INTERNAL, "opset 28 does not know the operator");
  }
  if (op.form == current->form && !current->gone) {
    if (current != &op) {
      TENON_RETURN_IF_ERROR(onnx_facts::check_and_complete(*current, &node));
    }
    return add_node(*current, std::move(node), scope);
  }
  const forms::Rule rule = forms::find_rule(op.domain, op.op);
  if (rule == nullptr && current->gone && op.form == current->form) {
    return add_node(*current, std::move(node), scope);  // no longer in opset 28, but never replaced
  }
  Raising raise(this, call);
  raise.form = op.form;
  raise.opset = call->opset;
  if (rule == nullptr) {
    return raise.refuse("no rewrite of this operator exists");
  }
  const std::string before = raise.node.op;
  TENON_RETURN_IF_ERROR(rule(raise));
  if (raise.node.op != before) {
    for (const OriginId id : raise.node.origins) {
      model_->origins[id].detail = "raised to " + raise.node.op;
    }
  }
  current = onnx_facts::current_operator(raise.node.domain, raise.node.op);
  if (current == nullptr || current->gone) {
    return Status(TENON_INTERNAL, "a rewrite makes the operator " + raise.node.op + ", which opset 28 does not have");
  }
  TENON_RETURN_IF_ERROR(onnx_facts::check_and_complete(*current, &raise.node));
  return add_node(*current, std::move(raise.node), scope);
}

Status Builder::add_node(const Operator& op, Node node, const Scope& scope) {
  Graph& graph = *scope.graph;
  node.form = op.form;
  std::vector<InferInput> inputs(node.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] != kNone) {
      inputs[i].type = &graph.values[node.inputs[i]].type;
      inputs[i].value = graph.constant_of(node.inputs[i]);
    }
  }
  static const onnx_facts::InferBody body = types_of_outputs;
  InferContext context;
  context.body = body;
  context.custom = options_.custom;
  context.place = scope.place;
  context.tentative = scope.tentative;
  std::vector<Type> types;
  TENON_RETURN_IF_ERROR(onnx_facts::infer(node, inputs, context, &types));
  const std::vector<ValueId> outputs = node.outputs;
  graph.add_node(std::move(node));
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i] != kNone) {
      graph.values[outputs[i]].type = std::move(types[i]);
    }
  }
  return {};
}

Result<bool> Builder::make_constant(const Operator& op, Call* call) {
  const Node& node = call->node;
  ConstantPtr constant;
  if (node.is("Constant")) {
    for (const Attribute& attribute : node.attributes) {
      if (op.attribute(attribute.name) == nullptr) {
        return Status(TENON_INVALID_MODEL, "has attribute '" + attribute.name + "', which Constant of opset " +
                                               std::to_string(call->opset) + " does not have")
            .with_value(attribute.name);
      }
    }
    if (call->sparse != nullptr) {
      TENON_ASSIGN_OR_RETURN(constant, tensors_->read_sparse(*call->sparse));
    } else {
      constant = constant_of_values(node);
    }
    if (!constant || node.attributes.size() + (call->sparse != nullptr ? 1 : 0) != 1) {
      return Status(TENON_INVALID_MODEL, "needs exactly one attribute that is its value");
    }
  } else if (node.is("ConstantOfShape") && node.inputs.size() == 1) {
    TENON_ASSIGN_OR_RETURN(constant, constant_of_shape(node, call->scope.graph->constant_of(node.inputs[0])));
  }
  if (!constant) {
    return false;
  }
  if (node.outputs.size() != 1 || node.outputs[0] == kNone) {
    return Status(TENON_INVALID_MODEL, "has " + std::to_string(node.outputs.size()) + " outputs, expected 1");
  }
  Value& value = call->scope.graph->values[node.outputs[0]];
  std::vector<Dim> dims;
  for (const int64_t size : constant->dims) {
    dims.push_back(Dim{size, 0});
  }
  value.type = Type::tensor(constant->dtype, std::move(dims));
  value.shape_class = ShapeClass::fixed;
  value.constant = model_->add_constant(std::move(constant));
  if (inherited_ == nullptr) {
    Origin& origin = model_->origins[node.origins.front()];
    origin.fate = Fate::removed;
    origin.by = "constants";
  }
  return true;
}

Status Builder::build_call(Call* call, const wire::Function& function) {
  Node& node = call->node;
  if (!call->graphs.empty() || call->sparse != nullptr) {
    return Status(TENON_UNSUPPORTED, "passes a graph or a sparse tensor to a function");
  }
  Bindings bindings;
  for (const wire::Attribute& attribute : function.attribute_proto) {
    Attribute value;
    bool absent = false;
    TENON_RETURN_IF_ERROR(read_attribute(attribute, call->scope, &value, &absent));
    bindings.emplace(std::string(attribute.name), std::move(value));
  }
  for (Attribute& attribute : node.attributes) {
    const bool known =
        bindings.contains(attribute.name) ||
        std::find(function.attribute.begin(), function.attribute.end(), attribute.name) != function.attribute.end();
    if (!known) {
      return Status(TENON_INVALID_MODEL, "has attribute '" + attribute.name + "', which the function does not have");
    }
    std::string name = attribute.name;
    bindings.insert_or_assign(std::move(name), std::move(attribute));
  }
  for (const OriginId id : inherited_ == nullptr ? node.origins : std::vector<OriginId>()) {
    model_->origins[id].fate = Fate::removed;
    model_->origins[id].by = "inlining";
  }
  Scope inner;
  inner.graph = call->scope.graph;
  inner.opsets = &functions_->opsets(function);
  inner.bindings = &bindings;
  inner.place = call->scope.place;
  inner.prefix = node.name + "/";
  inner.depth = call->scope.depth + 1;
  inner.tentative = call->scope.tentative;
  return inline_function(function, node.inputs, node.outputs, &inner);
}

Status Builder::inline_function(const wire::Function& function, const std::vector<ValueId>& inputs,
                                const std::vector<ValueId>& outputs, Scope* inner) {
  if (inner->depth > options_.limits.nesting) {
    return Status(TENON_LIMIT, "graphs and functions are nested deeper than the limit 'nesting' of " +
                                   std::to_string(options_.limits.nesting))
        .with_value("nesting");
  }
  if (inputs.size() > function.input.size() || outputs.size() > function.output.size()) {
    return Status(TENON_INVALID_MODEL, "has " + std::to_string(inputs.size()) + " inputs and " +
                                           std::to_string(outputs.size()) + " outputs, but the function has " +
                                           std::to_string(function.input.size()) + " and " +
                                           std::to_string(function.output.size()));
  }
  for (size_t i = 0; i < function.input.size(); ++i) {
    if (!inner->names.emplace(function.input[i], i < inputs.size() ? inputs[i] : kNone).second) {
      return Status(TENON_INVALID_MODEL, "calls a function with two inputs '" + std::string(function.input[i]) + "'");
    }
  }
  std::vector<std::pair<ValueId, ValueId>> passed;  // an input of the function that is its output too
  for (size_t i = 0; i < function.output.size(); ++i) {
    const std::string_view name = function.output[i];
    if (i >= outputs.size() || outputs[i] == kNone) {
      continue;
    }
    if (const ValueId* input = inner->names.find(name); input != nullptr && *input != kNone) {
      passed.emplace_back(*input, outputs[i]);
    } else if (!inner->bound_outputs.emplace(name, outputs[i]).second) {
      return Status(TENON_INVALID_MODEL, "calls a function with two outputs '" + std::string(name) + "'");
    }
  }
  inner->results.assign(function.output.begin(), function.output.end());
  declare(function.value_info, inner);
  TENON_RETURN_IF_ERROR(build_nodes(function.node, inner));
  for (const auto& [from, to] : passed) {
    Node identity;
    identity.name = inner->prefix + "Identity";
    identity.domain = "ai.onnx";
    identity.op = "Identity";
    identity.origins = inherited_ == nullptr ? std::vector<OriginId>() : *inherited_;
    identity.inputs = {from};
    identity.outputs = {to};
    TENON_RETURN_IF_ERROR(add_node(*onnx_facts::current_operator("ai.onnx", "Identity"), std::move(identity), *inner));
  }
  for (const auto& [name, id] : inner->bound_outputs) {
    const Value& value = inner->graph->values[id];
    if (value.producer == kNone && value.constant == kNone) {
      return Status(TENON_INVALID_MODEL, "calls a function that does not make its output '" + std::string(name) + "'");
    }
  }
  return {};
}

Status Builder::build_function(const wire::Function& function, const Bindings& bindings,
                               const std::vector<ValueId>& inputs, const std::vector<ValueId>& outputs,
                               const Node& caller, Graph* graph) {
  inherited_ = &caller.origins;
  Scope scope;
  scope.graph = graph;
  scope.opsets = &opsets_;
  scope.bindings = &bindings;
  scope.place = caller.name;
  return inline_function(function, inputs, outputs, &scope);
}

}  // namespace tenon::onnx_import
