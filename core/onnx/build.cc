// SPDX-License-Identifier: Apache-2.0
// Graphs and lists of nodes. What one node becomes is in build_node.cc.
#include "core/onnx/build.hpp"

#include <algorithm>
#include <utility>

#include "core/base/time.hpp"
#include "core/onnx/wire/reader.hpp"

namespace tenon::onnx_import {
namespace {

bool is_identifier(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

Status about(Status status, const Scope& scope, std::string_view what, std::string_view name) {
  return status.prefixed(scope.place + ": " + std::string(what) + " '" + std::string(name) + "' ")
      .with_node(scope.place, {})
      .with_value(std::string(name));
}

Status invalid_value(const Scope& scope, std::string_view what, std::string_view name, std::string_view why) {
  return about(Status(TENON_INVALID_MODEL, std::string(why)), scope, what, name);
}

// Could a tensor of `constant`'s dims be what `type` declares?
bool fits(const Constant& constant, const Type& type) {
  if (!type.is_tensor() || type.dtype != constant.dtype) {
    return false;
  }
  if (!type.shape) {
    return true;
  }
  return std::equal(type.shape->begin(), type.shape->end(), constant.dims.begin(), constant.dims.end(),
                    [](const Dim& dim, int64_t size) { return !dim.known() || dim.size == size; });
}

Type type_of(const Constant& constant) {
  std::vector<Dim> dims;
  for (const int64_t size : constant.dims) {
    dims.push_back(Dim{size, 0});
  }
  return Type::tensor(constant.dtype, std::move(dims));
}

}  // namespace

Builder::Builder(Model* model, const Opsets& opsets, TensorReader* tensors, Functions* functions,
                 const ImportOptions& options, uint64_t deadline_ns)
    : model_(model),
      opsets_(opsets),
      tensors_(tensors),
      functions_(functions),
      options_(options),
      deadline_ns_(deadline_ns) {}

Status Builder::tick() {
  if (++nodes_ > options_.limits.nodes) {
    return Status(TENON_LIMIT,
                  "the model has more nodes than the limit 'nodes' of " + std::to_string(options_.limits.nodes))
        .with_value("nodes");
  }
  if ((nodes_ & 63) == 0 && now_ns() > deadline_ns_) {
    return Status(TENON_LIMIT,
                  "import takes longer than the limit 'seconds' of " + std::to_string(options_.limits.seconds))
        .with_value("seconds");
  }
  return {};
}

Result<Type> Builder::read_type(const wire::Type& wire, bool fresh) {
  Type type;
  switch (wire.kind) {
    case wire::Type::none:
      return type;
    case wire::Type::opaque:
      return Status(TENON_UNSUPPORTED, "is of an opaque type");
    case wire::Type::tensor:
      type.kind = TypeKind::tensor;
      break;
    case wire::Type::sparse_tensor:
      type.kind = TypeKind::sparse_tensor;
      break;
    case wire::Type::sequence:
      type.kind = TypeKind::sequence;
      break;
    case wire::Type::optional:
      type.kind = TypeKind::optional;
      break;
    case wire::Type::map:
      type.kind = TypeKind::map;
      break;
  }
  const bool holder = wire.kind == wire::Type::sequence || wire.kind == wire::Type::optional;
  if (!holder) {
    type.dtype = static_cast<Dtype>(wire.elem_type);
    if (wire.elem_type != TENON_UNDEFINED && !dtype_valid(type.dtype)) {
      return Status(TENON_UNSUPPORTED, "has the unknown element type " + std::to_string(wire.elem_type));
    }
  }
  if (holder || wire.kind == wire::Type::map) {
    if (!wire.element) {
      return Status(TENON_INVALID_MODEL, "has a type that does not say what it holds");
    }
    TENON_ASSIGN_OR_RETURN(Type element, read_type(*wire.element, false));
    type.element = std::make_shared<Type>(std::move(element));
    return type;
  }
  if (!wire.has_shape) {
    return type;
  }
  if (wire.dims.size() > TENON_MAX_RANK) {
    return Status(TENON_UNSUPPORTED, "has rank " + std::to_string(wire.dims.size()) + ", expected at most " +
                                         std::to_string(TENON_MAX_RANK));
  }
  std::vector<Dim>& dims = type.shape.emplace();
  for (const wire::Dimension& dim : wire.dims) {
    Dim& added = dims.emplace_back();
    if (dim.kind == wire::Dimension::value && dim.dim_value >= 0) {
      added.size = dim.dim_value;
    } else if (dim.kind == wire::Dimension::param && is_identifier(dim.dim_param)) {
      added.symbol = model_->symbol(dim.dim_param);
    } else if (fresh) {
      added.symbol = model_->fresh_symbol();
    }
  }
  return type;
}

Result<ValueId> Builder::find_value(std::string_view name, Scope* scope) {
  if (const ValueId* known = scope->names.find(name); known != nullptr) {
    return *known;
  }
  if (scope->parent == nullptr) {
    return Status(TENON_INVALID_MODEL, "reads '" + std::string(name) + "', which nothing makes")
        .with_value(std::string(name));
  }
  TENON_ASSIGN_OR_RETURN(const ValueId outer, find_value(name, scope->parent));
  Graph& graph = *scope->graph;
  ValueId inner = kNone;
  if (outer != kNone) {
    ValueId& known = captures_[&graph].try_emplace(outer, kNone).first->second;
    if (known == kNone) {
      const Value& source = scope->parent->graph->values[outer];
      known = graph.add_value(source.name, source.type);
      if (source.constant != kNone) {
        graph.values[known].constant = source.constant;
        graph.values[known].shape_class = ShapeClass::fixed;
      } else {
        graph.captures.push_back(Capture{outer, known});
      }
    }
    inner = known;
  }
  scope->names.emplace(name, inner);
  return inner;
}

void Builder::declare(const std::vector<wire::ValueInfo>& list, Scope* scope) {
  for (const wire::ValueInfo& info : list) {
    if (!info.name.empty() && info.type.kind != wire::Type::none) {
      scope->declared[info.name] = &info.type;
    }
  }
}

Status Builder::add_default(const wire::Tensor& tensor, Scope* scope) {
  if (tensor.name.empty()) {
    return Status(TENON_INVALID_MODEL, scope->place + " has an initializer without a name");
  }
  auto constant = tensors_->read(tensor);
  if (!constant.ok()) {
    return about(constant.status(), *scope, "initializer", tensor.name);
  }
  const auto [id, added] = scope->names.emplace(tensor.name, kNone);
  if (!added) {
    return invalid_value(*scope, "initializer", tensor.name, "stands there twice");
  }
  *id = scope->graph->add_constant(scope->prefix + std::string(tensor.name), std::move(constant).value());
  return {};
}

Status Builder::add_initializers(const wire::Graph& graph, Scope* scope) {
  for (const wire::Tensor& tensor : graph.initializer) {
    TENON_RETURN_IF_ERROR(add_default(tensor, scope));
  }
  for (const wire::SparseTensor& sparse : graph.sparse_initializer) {
    const std::string_view name = sparse.values.name;
    auto constant = tensors_->read_sparse(sparse);
    if (!constant.ok()) {
      return about(constant.status(), *scope, "sparse initializer", name);
    }
    const auto [id, added] = scope->names.emplace(name, kNone);
    if (!added || name.empty()) {
      return invalid_value(*scope, "sparse initializer", name, name.empty() ? "has no name" : "stands there twice");
    }
    *id = scope->graph->add_constant(scope->prefix + std::string(name), std::move(constant).value());
  }
  return {};
}

// `seeds`: types that the node around gives to a body's inputs; NULL for the main graph.
Status Builder::add_inputs(const wire::Graph& graph, const std::vector<Type>* seeds, int64_t ir_version, Scope* scope) {
  Graph& target = *scope->graph;
  for (size_t i = 0; i < graph.input.size(); ++i) {
    const wire::ValueInfo& info = graph.input[i];
    if (info.name.empty()) {
      return Status(TENON_INVALID_MODEL, scope->place + " has an input without a name");
    }
    auto type = read_type(info.type, seeds == nullptr);
    if (!type.ok()) {
      return about(type.status(), *scope, "input", info.name);
    }
    const auto [id, added] = scope->names.emplace(info.name, kNone);
    if (added) {
      if (seeds == nullptr && (!type->known() || (type->is_tensor() && type->dtype == TENON_UNDEFINED))) {
        return invalid_value(*scope, "input", info.name, "has no type");
      }
      if (seeds != nullptr) {
        if (type->shape) {  // of a body: what the model says of sizes is a hint, ranks alone are taken
          type->shape->assign(type->shape->size(), Dim{});
        }
        const Type& seed = i < seeds->size() ? (*seeds)[i] : Type{};
        if (seed.known() && type->known() && onnx_facts::type_key(seed) != onnx_facts::type_key(*type)) {
          return invalid_value(*scope, "input", info.name,
                               "is declared as " + onnx_facts::type_text(*type) + ", but the node around gives a " +
                                   onnx_facts::type_text(seed));
        }
        if (seed.known() && (seed.shape || !type->shape)) {
          type = seed;
        }
      }
      *id = target.add_value(scope->prefix + std::string(info.name), *type);
      target.inputs.push_back(*id);
      continue;
    }
    const Value& initializer = target.values[*id];
    if (initializer.constant == kNone) {
      return invalid_value(*scope, "input", info.name, "stands there twice");
    }
    const ConstantPtr constant = model_->constants[initializer.constant];
    if (type->known() && !fits(*constant, *type)) {
      return invalid_value(*scope, "initializer", info.name,
                           "is a " + onnx_facts::type_text(initializer.type) + ", but the input of that name is a " +
                               onnx_facts::type_text(*type));
    }
    if (seeds != nullptr) {
      return invalid_value(*scope, "input", info.name, "of a body has an initializer");
    }
    if (ir_version >= 4) {
      Value& value = target.values[*id];
      value.constant = kNone;
      value.shape_class = ShapeClass::unknown;
      value.type = type->known() ? *type : type_of(*constant);
      target.inputs.push_back(*id);
      model_->overridable.emplace(*id, constant);
    }
  }
  return {};
}

Status Builder::add_outputs(const wire::Graph& graph, Scope* scope) {
  for (const wire::ValueInfo& info : graph.output) {
    if (info.name.empty()) {
      return Status(TENON_INVALID_MODEL, scope->place + " has an output without a name");
    }
    auto id = find_value(info.name, scope);
    if (!id.ok() || *id == kNone) {
      return invalid_value(*scope, "output", info.name, "is made by nothing");
    }
    scope->graph->outputs.push_back(*id);
    TENON_RETURN_IF_ERROR(check_declared(*id, info.name, *scope));
    // A loop without iterations has the dims of its scan outputs from there, a model that is written those of its
    // outputs.
    const auto declared = read_type(info.type, false);
    scope->graph->declared_outputs.push_back(declared.ok() ? *declared : Type{});
  }
  return {};
}

Status Builder::check_declared(ValueId id, std::string_view name, const Scope& scope) {
  const auto it = scope.declared.find(name);
  if (it == scope.declared.end()) {
    return {};
  }
  Type declared;
  if (auto read = read_type(*it->second, false); read.ok()) {
    declared = std::move(*read);
  } else {
    return about(read.status(), scope, "value", name);
  }
  Value& value = scope.graph->values[id];
  if (!declared.known() || (declared.is_tensor() && declared.dtype == TENON_UNDEFINED)) {
    return {};
  }
  if (!value.type.known()) {
    // Nobody can infer it: element types are taken on trust (a run checks them), sizes are not.
    declared.shape.reset();
    value.type = declared;
    return {};
  }
  // Element types alone: exporters and tools that change a model leave sizes and ranks behind that are no longer true
  // (trained models in use declare outputs of another rank than their last node makes), and what the operators make is
  // what counts.
  if (onnx_facts::type_key(value.type) != onnx_facts::type_key(declared)) {
    const std::string got = onnx_facts::type_text(declared);
    const std::string expected = onnx_facts::type_text(value.type);
    return invalid_value(scope, "value", name, "is declared as " + got + ", but its node makes a " + expected)
        .with_expectation(got, expected);
  }
  return {};
}

Status Builder::build_nodes(const std::vector<wire::Node>& nodes, Scope* scope) {
  TENON_ASSIGN_OR_RETURN(const std::vector<uint32_t> order, order_nodes(nodes, *scope));
  scope->nodes = &nodes;
  scope->names.reserve(scope->names.size() + nodes.size());
  if (scope->graph->nodes.empty()) {  // once a graph: inlined functions leave growth to the vectors
    scope->graph->values.reserve(scope->graph->values.size() + nodes.size());
    scope->graph->nodes.reserve(nodes.size());
    scope->graph->order.reserve(nodes.size());
  }
  // Values first: the names of a graph's own values win over those that inlined functions bring.
  for (const wire::Node& node : nodes) {
    for (const std::string_view name : node.output) {
      if (name.empty()) {
        continue;
      }
      const auto bound = scope->bound_outputs.find(name);
      scope->names.emplace(name, bound != scope->bound_outputs.end()
                                     ? bound->second
                                     : scope->graph->add_value(scope->prefix + std::string(name)));
    }
  }
  for (const uint32_t index : order) {
    TENON_RETURN_IF_ERROR(tick());
    TENON_RETURN_IF_ERROR(build_node(nodes[index], index, scope));
  }
  return {};
}

Status Builder::build_main(const wire::Graph& graph, int64_t ir_version) {
  model_->graph = std::make_unique<Graph>();
  model_->graph->name = graph.name;
  model_->graph->model = model_;
  Scope scope;
  scope.graph = model_->graph.get();
  scope.opsets = &opsets_;
  scope.place = "main";
  declare(graph.value_info, &scope);
  declare(graph.output, &scope);
  TENON_RETURN_IF_ERROR(add_initializers(graph, &scope));
  TENON_RETURN_IF_ERROR(add_inputs(graph, nullptr, ir_version, &scope));
  for (const wire::ValueInfo& output : graph.output) {
    scope.results.push_back(output.name);
  }
  TENON_RETURN_IF_ERROR(build_nodes(graph.node, &scope));
  if (graph.output.empty()) {
    return Status(TENON_INVALID_MODEL, "the model has no outputs");
  }
  return add_outputs(graph, &scope);
}

Status Builder::finish_body(const wire::Graph& wire, const std::vector<Type>& seeds, Scope* inner) {
  inner->graph->name = wire.name;
  declare(wire.value_info, inner);
  declare(wire.output, inner);
  TENON_RETURN_IF_ERROR(add_initializers(wire, inner));
  TENON_RETURN_IF_ERROR(add_inputs(wire, &seeds, model_->ir_version, inner));
  for (const wire::ValueInfo& output : wire.output) {
    inner->results.push_back(output.name);
  }
  TENON_RETURN_IF_ERROR(build_nodes(wire.node, inner));
  return add_outputs(wire, inner);
}

}  // namespace tenon::onnx_import
