// SPDX-License-Identifier: Apache-2.0
#include "core/shape/infer.hpp"

#include <algorithm>
#include <unordered_map>

#include "core/ir/text.hpp"
#include "core/shape/deciding.hpp"
#include "core/shape/refine.hpp"
#include "core/shape/slice_op.hpp"

namespace tenon {
namespace {

// Constants with more elements decide no shapes, so inference does not get to see them.
constexpr uint64_t kMaxContents = 4096;

bool same_type(const Type& a, const Type& b) {
  return a.kind == b.kind && a.dtype == b.dtype && a.shape == b.shape &&
         (a.element == b.element || (a.element && b.element && same_type(*a.element, *b.element)));
}

// Dims of the elements of a sequence, an optional or a map: each element has its own, so a symbol says nothing.
void forget_symbols(Type* type) {
  if (type->element == nullptr) {
    return;
  }
  auto element = std::make_shared<Type>(*type->element);
  for (size_t i = 0; element->shape && i < element->shape->size(); ++i) {
    (*element->shape)[i].symbol = 0;
  }
  forget_symbols(element.get());
  type->element = std::move(element);
}

// The number and the condition of a Loop's iteration, of which its inference hands over no dims, or nothing.
Type loop_scalar(const Graph& body, size_t input, Dtype dtype) {
  const Shape& declared = body.values[body.inputs[input]].type.shape;
  const bool row = declared && declared->size() == 1;
  return Type::tensor(dtype, row ? std::vector<Dim>{Dim{1, 0}} : std::vector<Dim>());
}

// Walks the graphs of one model; contents of small tensors live as long as the walk.
class Inference {
 public:
  Inference(Model* model, const InferOptions& options) : model_(model), options_(options), algebra_(model) {}

  // Sets the types of all values from those of inputs and captured values.
  Status run(Graph& graph) {
    State& state = states_[&graph];
    state.contents.assign(graph.values.size(), nullptr);
    if (graph.parent != nullptr) {
      keep_declared(graph, state);
    }
    for (ValueId id = 0; id < graph.values.size(); ++id) {
      if (graph.values[id].constant != kNone) {
        TENON_RETURN_IF_ERROR(set_constant(graph, state, id));
      }
    }
    for (ValueId id : graph.inputs) {
      if (!dims_fit(graph.values[id].type.shape)) {
        return Status(TENON_INVALID_MODEL, "input '" + graph.values[id].name + "' is declared as " +
                                               to_text(graph.values[id].type, *model_) +
                                               ", more elements than a tensor can have")
            .with_value(graph.values[id].name);
      }
      name_dims(graph.values[id].type, nullptr);
      forget_symbols(&graph.values[id].type);
    }
    for (const Capture& capture : graph.captures) {
      Value& inner = graph.values[capture.inner];
      if (const Type& outer = graph.parent->values[capture.outer].type; outer.known()) {
        inner.type = outer;
      }
      state.contents[capture.inner] = states_[graph.parent].contents[capture.outer];
    }
    for (NodeId id : graph.order) {
      TENON_RETURN_IF_ERROR(infer(graph, id));
    }
    return {};
  }

  // The outputs of one node.
  Status infer(Graph& graph, NodeId id) {
    const Node& node = graph.nodes[id];
    Prepared prepared = prepare(graph, node);
    onnx_facts::InferContext context;
    context.custom = options_.custom;
    context.graph = &graph;
    context.body = [&](const Graph& body, std::span<const Type> inputs) -> Result<std::vector<Type>> {
      for (const auto& [name, owned] : node.bodies) {
        if (owned.get() == &body) {
          std::vector<Type> given(inputs.begin(), inputs.end());
          if (node.is("Loop") && given.size() >= 2 && body.inputs.size() >= 2) {
            given[0] = loop_scalar(body, 0, TENON_INT64);
            given[1] = loop_scalar(body, 1, TENON_BOOL);
          }
          return infer_body(*owned, given);
        }
      }
      return Status(TENON_INTERNAL, "inference asked for a body that is not the node's");
    };
    std::vector<Type> found;
    if (const Status status = onnx_facts::infer(node, prepared.inputs, context, &found);
        !status.ok() && status.code() != TENON_UNSUPPORTED) {
      return status.with_node(graph.path_of(id), node.domain + "." + node.op);
    }
    found.resize(node.outputs.size());
    for (const auto& [name, body] : node.bodies) {
      if (!bodies_.contains(body.get())) {
        TENON_RETURN_IF_ERROR(infer_body(*body, input_types(*body)).status());
      }
    }
    refine(graph, node, &found);
    for (size_t i = 0; i < found.size(); ++i) {
      if (node.outputs[i] != kNone) {
        TENON_RETURN_IF_ERROR(set_output(graph, id, node.outputs[i], std::move(found[i])));
      }
    }
    evaluate(graph, node);
    return {};
  }

  // For a walk that starts in the middle: contents of the constants that a node reads.
  void know_constants_of(const Graph& graph, const Node& node) {
    std::vector<SliceTensorPtr>& contents = states_[&graph].contents;
    contents.resize(graph.values.size());
    for (ValueId input : node.inputs) {
      if (const Constant* constant = graph.constant_of(input)) {
        contents[input] = slice_tensor(*constant, kMaxContents);
      }
    }
  }

 private:
  struct State {
    std::vector<SliceTensorPtr> contents;  // by ValueId
    std::vector<Type> declared;            // of a body, as before this walk
  };
  struct BodyResult {
    std::vector<Type> inputs, outputs;
  };
  // What inference sees of a node's inputs, and what keeps it alive.
  struct Prepared {
    std::vector<onnx_facts::InferInput> inputs;
    std::vector<ConstantPtr> values;
    std::vector<std::unique_ptr<std::vector<Dim>>> shapes;
  };

  static std::vector<Type> input_types(const Graph& graph) {
    std::vector<Type> types;
    for (ValueId id : graph.inputs) {
      types.push_back(graph.values[id].type);
    }
    return types;
  }

  // A body may be asked for again with other input types: each time starts from what stood there at first.
  static void keep_declared(Graph& body, State& state) {
    for (ValueId id = 0; id < body.values.size(); ++id) {
      if (state.declared.size() <= id) {
        state.declared.push_back(body.values[id].type);
      } else if (!body.is_graph_input(id)) {
        body.values[id].type = state.declared[id];
      }
    }
  }

  Prepared prepare(const Graph& graph, const Node& node) {
    Prepared prepared;
    const State& state = states_[&graph];
    prepared.inputs.resize(node.inputs.size());
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNone) {
        continue;
      }
      onnx_facts::InferInput& input = prepared.inputs[i];
      const Value& value = graph.values[id];
      input.type = value.type.known() ? &value.type : nullptr;
      if (const Constant* constant = graph.constant_of(id)) {
        input.value = constant->dtype == TENON_STRING || constant->elements() <= kMaxContents ? constant : nullptr;
        continue;
      }
      const SliceTensorPtr& contents = state.contents[id];
      if (contents == nullptr) {
        continue;
      }
      if (contents->all_known()) {
        prepared.values.push_back(slice_constant(*contents));
        input.value = prepared.values.back().get();
      } else if (contents->dtype == TENON_INT64 && contents->dims.size() <= 1) {
        auto dims = std::make_unique<std::vector<Dim>>();
        for (const Element& e : contents->elements) {
          dims->push_back(e.known ? Dim{e.bits, 0} : Dim{-1, e.symbol});
        }
        prepared.shapes.push_back(std::move(dims));
        input.shape_value = prepared.shapes.back().get();
      }
    }
    return prepared;
  }

  void refine(const Graph& graph, const Node& node, std::vector<Type>* found) {
    if (node.inputs.size() == 2 && node.op == "Reshape" && node.inputs[0] != kNone && node.inputs[1] != kNone) {
      const SliceTensorPtr& shape = states_[&graph].contents[node.inputs[1]];
      if (shape != nullptr && shape->dtype == TENON_INT64) {
        refine_reshape(node, graph.values[node.inputs[0]].type, *shape, algebra_, &found->front());
      }
    }
  }

  // Contents of the outputs. Errors are left to the run that really meets them: a branch that is never taken may hold
  // one.
  void evaluate(const Graph& graph, const Node& node) {
    if (find_slice_operator(node) == nullptr) {
      return;
    }
    State& state = states_[&graph];
    std::vector<SliceInput> inputs(node.inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (const ValueId id = node.inputs[i]; id != kNone) {
        inputs[i].present = true;
        inputs[i].value = state.contents[id].get();
        const Shape& shape = graph.values[id].type.shape;
        inputs[i].dims = shape ? &*shape : nullptr;
      }
    }
    std::vector<SliceTensorPtr> out;
    if (!evaluate_slice(node, inputs, algebra_, &out).ok()) {
      return;
    }
    for (size_t i = 0; i < out.size(); ++i) {
      if (node.outputs[i] != kNone && out[i] != nullptr && out[i]->elements.size() <= kMaxContents &&
          budget_.take(out[i]->elements.size())) {
        state.contents[node.outputs[i]] = out[i];
      }
    }
  }

  Result<std::vector<Type>> infer_body(Graph& body, std::span<const Type> inputs) {
    if (inputs.size() > body.inputs.size()) {
      return Status(TENON_INVALID_MODEL, "a body has " + std::to_string(body.inputs.size()) + " inputs, expected " +
                                             std::to_string(inputs.size()));
    }
    const auto seen = bodies_.find(&body);
    if (seen != bodies_.end() &&
        std::equal(inputs.begin(), inputs.end(), seen->second.inputs.begin(), seen->second.inputs.end(), same_type)) {
      return seen->second.outputs;
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      Value& value = body.values[body.inputs[i]];
      if (inputs[i].known()) {
        if (seen == bodies_.end()) {
          TENON_RETURN_IF_ERROR(check_declared(body, body.inputs[i], value.type, inputs[i]));
        }
        value.type = inputs[i];
      }
    }
    BodyResult result;
    result.inputs.assign(inputs.begin(), inputs.end());
    TENON_RETURN_IF_ERROR(run(body));
    for (ValueId id : body.outputs) {
      result.outputs.push_back(body.values[id].type);
    }
    bodies_[&body] = result;
    return result.outputs;
  }

  Status set_constant(Graph& graph, State& state, ValueId id) {
    Value& value = graph.values[id];
    const Constant& constant = *model_->constants[value.constant];
    std::vector<Dim> dims;
    for (int64_t size : constant.dims) {
      dims.push_back(Dim{size, 0});
    }
    Type type = Type::tensor(constant.dtype, std::move(dims));
    TENON_RETURN_IF_ERROR(check_declared(graph, id, value.type, type));
    value.type = std::move(type);
    if (constant.elements() <= kMaxContents && budget_.take(constant.elements())) {
      state.contents[id] = slice_tensor(constant);
    }
    return {};
  }

  // What the model declares is checked, not trusted: a wrong dim in it would become a wrong plan.
  Status set_output(Graph& graph, NodeId node, ValueId id, Type found) {
    Value& value = graph.values[id];
    if (const Status status = check_declared(graph, id, value.type, found); !status.ok()) {
      return status.with_node(graph.path_of(node), graph.nodes[node].domain + "." + graph.nodes[node].op);
    }
    const bool inferred_before = value.shape_class != ShapeClass::unknown;
    if (!found.known()) {
      if (inferred_before || !value.type.known()) {
        return {};
      }
      found = value.type;  // an operator that nobody infers: its kind and dtype have to be believed
      found.shape = std::nullopt;
    }
    if (inferred_before && value.type.shape && !found.shape) {
      return {};
    }
    if (!dims_fit(found.shape)) {  // left to the run that really meets it, like an error in contents
      found.shape->assign(found.shape->size(), Dim{});
    }
    name_dims(found, inferred_before ? &value.type : nullptr);
    forget_symbols(&found);
    value.type = std::move(found);
    return {};
  }

  Status check_declared(const Graph& graph, ValueId id, const Type& declared, const Type& found) const {
    if (!declared.known() || !found.known()) {
      return {};
    }
    bool agree = declared.kind == found.kind &&
                 (declared.dtype == found.dtype || declared.dtype == TENON_UNDEFINED || found.dtype == TENON_UNDEFINED);
    if (agree && declared.shape && found.shape) {
      agree = declared.shape->size() == found.shape->size();
      for (size_t i = 0; agree && i < found.shape->size(); ++i) {
        const Dim &a = (*declared.shape)[i], &b = (*found.shape)[i];
        agree = !a.known() || !b.known() || a.size == b.size;
      }
    }
    if (agree) {
      return {};
    }
    const std::string got = to_text(declared, *model_), expected = to_text(found, *model_);
    return Status(TENON_INVALID_MODEL,
                  "value '" + graph.values[id].name + "' is declared as " + got + ", but it is " + expected)
        .with_value(graph.values[id].name)
        .with_expectation(got, expected);
  }

  // Every unknown dim gets what `before` has there, else a fresh symbol.
  void name_dims(Type& type, const Type* before) {
    if (!type.shape) {
      return;
    }
    const bool same_rank = before != nullptr && before->shape && before->shape->size() == type.shape->size();
    for (size_t i = 0; i < type.shape->size(); ++i) {
      Dim& dim = (*type.shape)[i];
      if (!dim.known() && dim.symbol == 0) {
        const Dim old = same_rank ? (*before->shape)[i] : Dim{};
        dim = old.known() || old.symbol != 0 ? old : Dim{-1, model_->fresh_symbol()};
      }
    }
  }

  Model* model_;
  const InferOptions& options_;
  Algebra algebra_;
  ElementBudget budget_;
  std::unordered_map<const Graph*, State> states_;
  std::unordered_map<const Graph*, BodyResult> bodies_;
};

}  // namespace

Status infer_model(Model* model, const InferOptions& options) {
  Graph& graph = *model->graph;
  if (graph.declared_outputs.empty()) {
    for (ValueId id : graph.outputs) {
      graph.declared_outputs.push_back(graph.values[id].type);
    }
  }
  TENON_RETURN_IF_ERROR(Inference(model, options).run(graph));
  classify_shapes(model);
  return {};
}

Status infer_node(Graph* graph, NodeId id, const InferOptions& options) {
  Inference inference(graph->model, options);
  inference.know_constants_of(*graph, graph->nodes[id]);
  return inference.infer(*graph, id);
}

}  // namespace tenon
