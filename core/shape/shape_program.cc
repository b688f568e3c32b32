// SPDX-License-Identifier: Apache-2.0
#include "core/shape/shape_program.hpp"

#include <algorithm>
#include <unordered_map>

#include "core/base/dims_text.hpp"
#include "core/shape/deciding.hpp"
#include "core/shape/slice_op.hpp"
#include "core/shape/slice_plan.hpp"

namespace tenon {
namespace {

// Constants with more elements are not shown to inference.
constexpr uint64_t kMaxShown = kSliceElements;

bool is_tensor_or_unknown(const Value& value) { return !value.type.known() || value.type.is_tensor(); }

std::vector<Dim> known_dims(const std::vector<int64_t>& sizes) {
  std::vector<Dim> dims;
  dims.reserve(sizes.size());
  for (int64_t size : sizes) {
    dims.push_back(Dim{size, 0});
  }
  return dims;
}

std::optional<std::vector<int64_t>> sizes_of(const Shape& shape) {
  if (!is_static(shape)) {
    return std::nullopt;
  }
  std::vector<int64_t> sizes;
  sizes.reserve(shape->size());
  for (const Dim& dim : *shape) {
    sizes.push_back(dim.size);
  }
  return sizes;
}

}  // namespace

struct ShapeProgram::Impl {
  const Graph& graph;
  InferOptions options;
  SlicePlan plan;
  std::vector<ValueId> content_inputs;
  std::vector<uint8_t>
      settled;  // by NodeId: dims of all inputs and outputs are fixed, checked when the model was loaded
};

namespace {

// One run or resume.
class Walk {
 public:
  Walk(const Graph& graph, const InferOptions& options, const SlicePlan& plan, const std::vector<uint8_t>& settled,
       ShapeResult* result)
      : graph_(graph), options_(options), plan_(plan), settled_(settled), result_(*result) {}

  Status bind(ValueId id, const std::vector<int64_t>& dims) {
    const Value& value = graph_.values[id];
    const auto wrong = [&](const std::string& why) {
      return Status(TENON_INVALID_TENSOR, "input '" + value.name + "' has dims " + dims_text(dims) + ", " + why)
          .with_value(value.name)
          .with_expectation(dims_text(dims), why);
    };
    for (int64_t size : dims) {
      if (size < 0) {
        return wrong("expected none below 0");
      }
    }
    if (value.type.shape) {
      const std::vector<Dim>& declared = *value.type.shape;
      if (declared.size() != dims.size()) {
        return wrong("expected rank " + std::to_string(declared.size()));
      }
      for (size_t i = 0; i < dims.size(); ++i) {
        if (declared[i].known() && declared[i].size != dims[i]) {
          return wrong("expected " + std::to_string(declared[i].size) + " at axis " + std::to_string(i));
        }
        if (declared[i].symbol != 0) {
          const auto [it, added] = symbols_.emplace(declared[i].symbol, dims[i]);
          if (!added && it->second != dims[i]) {
            return wrong("expected " + std::to_string(it->second) + " at axis " + std::to_string(i) + ", where '" +
                         graph_.model->symbols[declared[i].symbol] + "' stands");
          }
        }
      }
    }
    result_.dims[id] = dims;
    return {};
  }

  // After a resume: symbols of what is known already.
  void rebind() {
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      note_symbols(id);
    }
  }

  Status run(const std::vector<NodeId>& nodes) {
    std::vector<NodeId> open;
    for (NodeId id : nodes) {
      Result<bool> done = plan_.in_slice[id] ? evaluate(id) : infer(id);
      if (done.ok()) {
        if (Status status = check_sizes(id); !status.ok()) {
          done = std::move(status);
        }
      }
      if (!done.ok()) {
        const Node& node = graph_.nodes[id];
        return done.status().with_node(graph_.path_of(id), node.domain + "." + node.op);
      }
      if (!*done) {
        open.push_back(id);
      }
    }
    result_.open = std::move(open);
    return {};
  }

 private:
  Status check_sizes(NodeId id) const {
    const Node& node = graph_.nodes[id];
    for (ValueId output : node.outputs) {
      if (output != kNone && result_.dims[output] && !element_count(*result_.dims[output])) {
        return Status(TENON_LIMIT, node.op + " makes dims " + dims_text(*result_.dims[output]) +
                                       ", more elements than a tensor can have")
            .with_value(graph_.values[output].name);
      }
    }
    return {};
  }

  void note_symbols(ValueId id) {
    const Shape& shape = graph_.values[id].type.shape;
    const auto& dims = result_.dims[id];
    if (!shape || !dims || shape->size() != dims->size()) {
      return;
    }
    for (size_t i = 0; i < dims->size(); ++i) {
      if ((*shape)[i].symbol != 0) {
        symbols_.emplace((*shape)[i].symbol, (*dims)[i]);
      }
    }
  }

  SliceTensorPtr contents(ValueId id) const {
    const ConstantPtr& constant = result_.contents[id];
    return constant != nullptr ? slice_tensor(*constant) : nullptr;
  }

  // A slice node: its contents, and with them its dims. False: an input is not known yet.
  Result<bool> evaluate(NodeId id) {
    const Node& node = graph_.nodes[id];
    const SliceOperator* found = find_slice_operator(node);
    std::vector<SliceInput> inputs(node.inputs.size());
    std::vector<SliceTensorPtr> values(node.inputs.size());
    std::vector<std::vector<Dim>> dims(node.inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == kNone) {
        continue;
      }
      inputs[i].present = true;
      if (!result_.dims[input]) {
        return false;
      }
      dims[i] = known_dims(*result_.dims[input]);
      inputs[i].dims = &dims[i];
      if (found->reads_contents) {
        values[i] = contents(input);
        inputs[i].value = values[i].get();
        if (inputs[i].value == nullptr) {
          return false;
        }
      }
    }
    std::vector<SliceTensorPtr> out;
    // The interpreter keeps symbols for what it cannot name; with numbers alone there are none.
    Algebra algebra(nullptr);
    TENON_RETURN_IF_ERROR(evaluate_slice(node, inputs, algebra, &out));
    for (size_t i = 0; i < out.size(); ++i) {
      const ValueId output = node.outputs[i];
      if (output == kNone) {
        continue;
      }
      if (out[i] == nullptr || !out[i]->all_known()) {
        return Status(TENON_RUN, node.op +
                                     " decides shapes, but has no result for these inputs (a division by zero, an "
                                     "element out of range)");
      }
      if (!budget_.take(out[i]->elements.size())) {
        return Status(TENON_LIMIT, "the tensors that decide shapes have more than " +
                                       std::to_string(4 * kSliceElements) + " elements in all");
      }
      result_.contents[output] = slice_constant(*out[i]);
      result_.dims[output] = out[i]->dims;
      note_symbols(output);
    }
    return true;
  }

  bool complete(const Node& node) const {
    return std::all_of(node.outputs.begin(), node.outputs.end(), [this](ValueId id) {
      return id == kNone || result_.dims[id].has_value() || !is_tensor_or_unknown(graph_.values[id]);
    });
  }

  // Fills in the dims that types tell, by the sizes of their symbols. For what inference does not reach: bodies.
  void instantiate(const Node& node) {
    for (ValueId id : node.outputs) {
      if (id == kNone || result_.dims[id] || !graph_.values[id].type.is_tensor() || !graph_.values[id].type.shape) {
        continue;
      }
      std::vector<int64_t> dims;
      for (const Dim& dim : *graph_.values[id].type.shape) {
        const auto it = symbols_.find(dim.symbol);
        if (!dim.known() && it == symbols_.end()) {
          break;
        }
        dims.push_back(dim.known() ? dim.size : it->second);
      }
      if (dims.size() == graph_.values[id].type.shape->size()) {
        result_.dims[id] = std::move(dims);
      }
    }
  }

  Result<bool> infer(NodeId id) {
    const Node& node = graph_.nodes[id];
    if (complete(node)) {
      return true;
    }
    if (settled_[id] || !node.bodies.empty()) {
      instantiate(node);
      return complete(node);
    }
    const uint32_t mask = deciding_inputs(node);
    types_.assign(node.inputs.size(), Type{});
    inputs_.assign(node.inputs.size(), {});
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == kNone) {
        continue;
      }
      const Value& value = graph_.values[input];
      if (!is_tensor_or_unknown(value)) {
        inputs_[i].type = &value.type;
        continue;
      }
      if (!result_.dims[input]) {
        return false;
      }
      types_[i] = Type::tensor(value.type.dtype, known_dims(*result_.dims[input]));
      inputs_[i].type = &types_[i];
      const ConstantPtr& known = result_.contents[input];
      if (known == nullptr && decides(mask, i)) {
        return false;
      }
      if (known != nullptr && known->elements() <= kMaxShown) {
        inputs_[i].value = known.get();
      }
    }
    onnx_facts::InferContext context;
    context.custom = options_.custom;
    context.graph = &graph_;
    std::vector<Type> found;
    if (const Status status = onnx_facts::infer(node, inputs_, context, &found);
        !status.ok() && status.code() != TENON_UNSUPPORTED) {
      return status;
    }
    for (size_t i = 0; i < found.size() && i < node.outputs.size(); ++i) {
      const ValueId output = node.outputs[i];
      if (output != kNone && found[i].is_tensor() && !result_.dims[output]) {
        result_.dims[output] = sizes_of(found[i].shape);
        note_symbols(output);
      }
    }
    return complete(node);
  }

  const Graph& graph_;
  const InferOptions& options_;
  const SlicePlan& plan_;
  const std::vector<uint8_t>& settled_;
  ShapeResult& result_;
  ElementBudget budget_;
  std::unordered_map<SymbolId, int64_t> symbols_;
  std::vector<Type> types_;
  std::vector<onnx_facts::InferInput> inputs_;
};

Status take(const Graph& graph, const ShapeProgram& program, const KnownValue& known, ShapeResult* result) {
  if (known.value >= graph.values.size()) {
    return Status(TENON_INTERNAL, "a shape program was given a value that its graph does not have");
  }
  if (known.contents != nullptr) {
    result->contents[known.value] = known.contents;
  } else if (program.wants_contents(known.value)) {
    return Status(TENON_INTERNAL,
                  "the contents of '" + graph.values[known.value].name + "' decide shapes, but are not given")
        .with_value(graph.values[known.value].name);
  }
  return {};
}

std::vector<uint8_t> settled_nodes(const Graph& graph) {
  const auto fixed = [&graph](ValueId id) {
    return id == kNone || (graph.values[id].type.is_tensor() && is_static(graph.values[id].type.shape));
  };
  std::vector<uint8_t> settled(graph.nodes.size(), 0);
  for (NodeId id : graph.order) {
    const Node& node = graph.nodes[id];
    settled[id] = std::all_of(node.inputs.begin(), node.inputs.end(), fixed) &&
                  std::all_of(node.outputs.begin(), node.outputs.end(), fixed);
  }
  return settled;
}

}  // namespace

ShapeProgram::ShapeProgram(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ShapeProgram::~ShapeProgram() = default;

Result<std::unique_ptr<ShapeProgram>> ShapeProgram::build(const Graph& graph, const InferOptions& options) {
  auto impl = std::make_unique<Impl>(Impl{graph, options, plan_slice(graph), {}, settled_nodes(graph)});
  const auto want = [&](ValueId id) {
    if (impl->plan.wanted[id] &&
        std::find(impl->content_inputs.begin(), impl->content_inputs.end(), id) == impl->content_inputs.end()) {
      impl->content_inputs.push_back(id);
    }
  };
  for (ValueId id : graph.inputs) {
    want(id);
  }
  for (const Capture& capture : graph.captures) {
    want(capture.inner);
  }
  return std::unique_ptr<ShapeProgram>(new ShapeProgram(std::move(impl)));
}

bool ShapeProgram::wants_contents(ValueId value) const {
  return value < impl_->plan.wanted.size() && impl_->plan.wanted[value] != 0;
}
const std::vector<ValueId>& ShapeProgram::content_inputs() const { return impl_->content_inputs; }
bool ShapeProgram::in_slice(NodeId node) const { return impl_->plan.in_slice[node] != 0; }

Status ShapeProgram::run(std::span<const KnownValue> inputs, ShapeResult* result) const {
  const Graph& graph = impl_->graph;
  result->dims.assign(graph.values.size(), std::nullopt);
  result->contents.assign(graph.values.size(), nullptr);
  result->open.clear();
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    // A weight that a provider has packed is gone from the model; its dims stay in its type.
    if (const ConstantId constant = graph.values[id].constant; constant != kNone) {
      result->contents[id] = graph.model->constants[constant];
      result->dims[id] = sizes_of(graph.values[id].type.shape);
    }
  }
  Walk walk(graph, impl_->options, impl_->plan, impl_->settled, result);
  for (const KnownValue& known : inputs) {
    TENON_RETURN_IF_ERROR(take(graph, *this, known, result));
    if (known.dims) {
      TENON_RETURN_IF_ERROR(walk.bind(known.value, *known.dims));
    }
  }
  return walk.run(graph.order);
}

Status ShapeProgram::resume(std::span<const KnownValue> known, ShapeResult* result) const {
  for (const KnownValue& value : known) {
    TENON_RETURN_IF_ERROR(take(impl_->graph, *this, value, result));
    if (value.dims) {
      result->dims[value.value] = value.dims;
    }
  }
  Walk walk(impl_->graph, impl_->options, impl_->plan, impl_->settled, result);
  walk.rebind();
  return walk.run(std::vector<NodeId>(result->open));
}

}  // namespace tenon
