// SPDX-License-Identifier: Apache-2.0
// Calls one schema's inference function over the IR's types.
#include <google/protobuf/arena.h>

#include <array>
#include <new>
#include <string>
#include <utility>

#include "core/onnx/facts.hpp"
#include "core/onnx/guards.hpp"
#include "core/onnx/libonnx.hpp"
#include "core/onnx/schema.hpp"

namespace tenon::onnx_facts {
namespace {

// Contents that an inference function may look at (axes, shapes, scales); larger constants are only types to it.
constexpr uint64_t kMaxValueElements = 4096;

using google::protobuf::Arena;

// The interface of a body; what is in it is only reached through the body's inferencer.
void body_to_proto(const std::string& name, const Graph& body, tenon_onnx::AttributeProto* out) {
  out->set_name(name);
  out->set_type(tenon_onnx::AttributeProto::GRAPH);
  const auto add = [&](ValueId id, tenon_onnx::ValueInfoProto* info) {
    info->set_name(body.values[id].name);
    if (body.values[id].type.known()) {
      to_proto(body.values[id].type, info->mutable_type());
    }
  };
  for (const ValueId id : body.inputs) {
    add(id, out->mutable_g()->add_input());
  }
  for (const ValueId id : body.outputs) {
    add(id, out->mutable_g()->add_output());
  }
}

// The IR's node as libonnx's InferenceContext. Messages are made when they are asked for and live in an arena that
// starts on the stack.
class Context final : public tenon_onnx::InferenceContext {
 public:
  Context(const Node& node, std::span<const InferInput> inputs, const InferContext& context)
      : node_(node), inputs_(inputs), context_(context), arena_(block_.data(), block_.size()) {
    types_.resize(inputs.size());
    values_.resize(inputs.size());
    shapes_.resize(inputs.size());
    outputs_.resize(node.outputs.size());
    // For absent outputs too: inference of RNN, GRU and LSTM writes to them unasked.
    for (tenon_onnx::TypeProto*& output : outputs_) {
      output = Arena::CreateMessage<tenon_onnx::TypeProto>(&arena_);
    }
  }

  const tenon_onnx::AttributeProto* getAttribute(const std::string& name) const override {
    for (const auto& [known, proto] : attributes_) {
      if (*known == name) {
        return proto;
      }
    }
    if (const Attribute* attribute = node_.attribute(name)) {
      auto* proto = Arena::CreateMessage<tenon_onnx::AttributeProto>(&arena_);
      to_proto(*attribute, proto);
      attributes_.emplace_back(&attribute->name, proto);
      return proto;
    }
    for (const auto& [body_name, body] : node_.bodies) {
      if (body_name == name) {
        auto* proto = Arena::CreateMessage<tenon_onnx::AttributeProto>(&arena_);
        body_to_proto(name, *body, proto);
        attributes_.emplace_back(&body_name, proto);
        return proto;
      }
    }
    return nullptr;
  }

  size_t getNumInputs() const override { return inputs_.size(); }
  size_t getNumOutputs() const override { return outputs_.size(); }

  const tenon_onnx::TypeProto* getInputType(size_t index) const override {
    if (index >= inputs_.size() || inputs_[index].type == nullptr || !inputs_[index].type->known()) {
      return nullptr;
    }
    if (types_[index] == nullptr) {
      types_[index] = Arena::CreateMessage<tenon_onnx::TypeProto>(&arena_);
      to_proto(*inputs_[index].type, types_[index]);
      name_the_rank(index);
    }
    return types_[index];
  }

  const tenon_onnx::TensorProto* getInputData(size_t index) const override {
    if (index >= inputs_.size() || misread(index)) {
      return nullptr;
    }
    if (values_[index] == nullptr) {
      values_[index] = make_value(inputs_[index]);
      widen_axes(index);
      drop_one_axis(index);
    }
    return values_[index];
  }

  const tenon_onnx::TensorShapeProto* getSymbolicInput(size_t index) const override {
    if (index >= inputs_.size() || inputs_[index].shape_value == nullptr) {
      return nullptr;
    }
    if (shapes_[index] == nullptr) {
      auto* proto = Arena::CreateMessage<tenon_onnx::TensorShapeProto>(&arena_);
      for (const Dim& dim : *inputs_[index].shape_value) {
        auto* added = proto->add_dim();
        if (dim.known()) {
          added->set_dim_value(dim.size);
        } else if (dim.symbol != 0) {
          added->set_dim_param(std::to_string(dim.symbol));
        }
      }
      shapes_[index] = proto;
    }
    return shapes_[index];
  }

  const tenon_onnx::SparseTensorProto* getInputSparseData(size_t) const override { return nullptr; }

  // Beyond the node's outputs too: the inference of Loop, Adam and others counts on what their inputs say.
  tenon_onnx::TypeProto* getOutputType(size_t index) override {
    return index < outputs_.size() ? outputs_[index] : Arena::CreateMessage<tenon_onnx::TypeProto>(&arena_);
  }
  bool hasOutput(size_t index) override { return index < outputs_.size() && node_.outputs[index] != kNone; }

  tenon_onnx::GraphInferencer* getGraphAttributeInferencer(const std::string& name) override {
    for (const auto& [body_name, body] : node_.bodies) {
      if (body_name == name && context_.body) {
        return inferencers_.emplace_back(std::make_unique<BodyInferencer>(*body, this)).get();
      }
    }
    return nullptr;
  }

  // What a body's inference reported; it wins over what libonnx makes of it.
  const Status& body_error() const { return body_error_; }
  const tenon_onnx::TypeProto* output(size_t index) const { return outputs_[index]; }

 private:
  class BodyInferencer final : public tenon_onnx::GraphInferencer {
   public:
    BodyInferencer(const Graph& body, Context* owner) : body_(body), owner_(owner) {}
    std::vector<const tenon_onnx::TypeProto*> doInferencing(
        const std::vector<const tenon_onnx::TypeProto*>& input_types,
        const std::vector<const tenon_onnx::TensorProto*>&) override {
      std::vector<Type> inputs(input_types.size());
      for (size_t i = 0; i < inputs.size(); ++i) {
        if (input_types[i] != nullptr && !from_proto(*input_types[i], &inputs[i])) {
          inputs[i] = Type{};
        }
      }
      auto outputs = owner_->context_.body(body_, inputs);
      if (!outputs.ok()) {
        owner_->body_error_ = outputs.status();
        throw tenon_onnx::InferenceError("in a body");
      }
      std::vector<const tenon_onnx::TypeProto*> result;
      for (const Type& type : *outputs) {
        auto* proto = Arena::CreateMessage<tenon_onnx::TypeProto>(&owner_->arena_);
        to_proto(type, proto);
        result.push_back(proto);
      }
      return result;
    }

   private:
    const Graph& body_;
    Context* owner_;
  };

  tenon_onnx::TensorProto* make_value(const InferInput& input) const {
    if (input.value != nullptr) {
      if (input.value->elements() > kMaxValueElements) {
        return nullptr;
      }
      auto* proto = Arena::CreateMessage<tenon_onnx::TensorProto>(&arena_);
      to_proto(*input.value, proto);
      return proto;
    }
    if (input.shape_value == nullptr || input.type == nullptr || !input.type->shape ||
        input.type->dtype != TENON_INT64) {
      return nullptr;
    }
    for (const Dim& dim : *input.shape_value) {
      if (!dim.known()) {
        return nullptr;
      }
    }
    auto* proto = Arena::CreateMessage<tenon_onnx::TensorProto>(&arena_);
    proto->set_data_type(TENON_INT64);
    if (!input.type->shape->empty()) {
      proto->add_dims(static_cast<int64_t>(input.shape_value->size()));
    }
    for (const Dim& dim : *input.shape_value) {
      proto->add_int64_data(dim.size);
    }
    return proto;
  }

  // libonnx subtracts a float Range's limit and start in float, and counts an element too few or many: who runs the
  // node says how many there are.
  bool misread(size_t index) const {
    return node_.is("Range") && inputs_[index].type != nullptr && inputs_[index].type->dtype == TENON_FLOAT32;
  }

  // Where nothing is known of the shape of Pad's axes, libonnx takes the node to have none: all axes. The operator says
  // that they are a list.
  void name_the_rank(size_t index) const {
    if (index == 3 && node_.is("Pad") && types_[index]->has_tensor_type() &&
        !types_[index]->tensor_type().has_shape()) {
      types_[index]->mutable_tensor_type()->mutable_shape()->add_dim();
    }
  }

  // libonnx reads Pad's axes as int64 only and fails on int32, which its schema allows (onnx 1.23.2).
  void widen_axes(size_t index) const {
    std::vector<int64_t> axes;
    tenon_onnx::TensorProto* proto = values_[index];
    if (proto == nullptr || index != 3 || !node_.is("Pad") || proto->data_type() != TENON_INT32 ||
        inputs_[index].value == nullptr || !read_integers(*inputs_[index].value, &axes)) {
      return;
    }
    proto->set_data_type(TENON_INT64);
    proto->clear_raw_data();
    proto->mutable_int64_data()->Add(axes.begin(), axes.end());
  }

  // libonnx's own bodies (AffineGrid's) give Range tensors of one element for scalars, which its inference refuses, and
  // its kernels take.
  void drop_one_axis(size_t index) const {
    tenon_onnx::TensorProto* proto = values_[index];
    if (proto != nullptr && node_.is("Range") && proto->dims_size() == 1 && proto->dims(0) == 1) {
      proto->clear_dims();
    }
  }

  const Node& node_;
  const std::span<const InferInput> inputs_;
  const InferContext& context_;
  alignas(16) std::array<char, 6144> block_;
  mutable Arena arena_;
  mutable std::vector<std::pair<const std::string*, tenon_onnx::AttributeProto*>> attributes_;
  mutable std::vector<tenon_onnx::TypeProto*> types_;
  mutable std::vector<tenon_onnx::TensorProto*> values_;
  mutable std::vector<tenon_onnx::TensorShapeProto*> shapes_;
  std::vector<tenon_onnx::TypeProto*> outputs_;
  std::vector<std::unique_ptr<BodyInferencer>> inferencers_;
  Status body_error_;
};

std::string path_of(const Node& node, const InferContext& context) {
  const Graph* graph = context.graph;
  if (graph != nullptr && !graph->nodes.empty() && &node >= graph->nodes.data() && &node <= &graph->nodes.back()) {
    return graph->path_of(static_cast<NodeId>(&node - graph->nodes.data()));
  }
  return context.place.empty() ? node.name : std::string(context.place) + "/" + node.name;
}

Status invalid(const Node& node, const InferContext& context, const std::string& what) {
  const std::string path = path_of(node, context);
  const std::string op = node.domain + "." + node.op;
  return Status(TENON_INVALID_MODEL, path + " (" + op + "): " + what).with_node(path, op);
}

bool may_never_run(const InferContext& context) {
  for (const Graph* graph = context.graph; graph != nullptr && graph->parent != nullptr; graph = graph->parent) {
    if (graph->parent_node < graph->parent->nodes.size() && graph->parent->nodes[graph->parent_node].is("If")) {
      return true;
    }
  }
  return context.tentative;
}

// Types that follow from those of the inputs alone.
void fill_bound_types(const Operator& op, const Node& node, const std::vector<const Type*>& bound,
                      std::vector<Type>* out) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const Formal* formal = op.output(i);
    if (node.outputs[i] == kNone || formal == nullptr || (formal->option == Formal::variadic && !formal->homogeneous) ||
        bound[formal->type_set] == nullptr) {
      continue;
    }
    (*out)[i] = *bound[formal->type_set];
    (*out)[i].shape.reset();
  }
}

// libonnx's words without its tags and without what comes after the first line.
std::string plain(std::string text) {
  if (text.starts_with("[")) {
    const size_t close = text.find("] ");
    text.erase(0, close == std::string::npos ? 0 : close + 2);
  }
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

Status read_outputs(const Operator& op, const Node& node, const Context& made, const std::vector<const Type*>& bound,
                    const InferContext& context, std::vector<Type>* out) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNone) {
      continue;
    }
    Type& type = (*out)[i];
    if (!from_proto(*made.output(i), &type)) {
      return invalid(node, context,
                     "output " + std::to_string(i) + " has a negative dim or a type that does not exist");
    }
    const Formal* formal = op.output(i);
    const bool own_type = formal != nullptr && (formal->option != Formal::variadic || formal->homogeneous);
    const Type* variable = own_type ? bound[formal->type_set] : nullptr;
    const bool open = !type.known() || ((type.kind == TypeKind::tensor || type.kind == TypeKind::sparse_tensor) &&
                                        type.dtype == TENON_UNDEFINED);
    if (open && variable != nullptr) {
      Shape shape = std::move(type.shape);
      type = *variable;
      type.shape = std::move(shape);
    } else if (open) {
      type = Type{};
    }
    if (type.known() && formal != nullptr && !op.type_sets[formal->type_set].contains(type)) {
      return invalid(node, context,
                     "output '" + formal->name + "' would be a " + type_text(type) + ", expected one of " +
                         op.type_sets[formal->type_set].text);
    }
    if (type.shape && type.shape->size() > TENON_MAX_RANK) {
      return invalid(node, context,
                     "output " + std::to_string(i) + " has rank " + std::to_string(type.shape->size()) +
                         ", expected at most " + std::to_string(TENON_MAX_RANK));
    }
  }
  return {};
}

// ConvTranspose with auto_pad SAME_*: by the standard an output axis is input * stride. libonnx finds less where the
// kernel is shorter than the stride, and more with output_padding (onnx 1.23.2).
void mend_same_padding(const Node& node, std::span<const InferInput> inputs, std::vector<Type>* out) {
  const Attribute* mode = node.attribute("auto_pad");
  if (!node.is("ConvTranspose") || mode == nullptr || !mode->s.starts_with("SAME_") ||
      node.attribute("output_shape") != nullptr || out->empty() || !(*out)[0].shape || !inputs[0].type->shape ||
      inputs[0].type->shape->size() != (*out)[0].shape->size()) {
    return;
  }
  const Attribute* strides = node.attribute("strides");
  for (size_t axis = 2; axis < (*out)[0].shape->size(); ++axis) {
    const Dim in = (*inputs[0].type->shape)[axis];
    const int64_t stride = strides == nullptr || axis - 2 >= strides->ints.size() ? 1 : strides->ints[axis - 2];
    Dim& dim = (*(*out)[0].shape)[axis];
    if (int64_t size = 0; in.known() && !__builtin_mul_overflow(in.size, stride, &size)) {
      dim = Dim{size};
    }
  }
}

// Where a type variable has one possible type (Shape's int64), outputs have it without any inference function.
void fill_single_types(const Operator& op, const Node& node, std::vector<Type>* out) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const Formal* formal = op.output(i);
    if (formal == nullptr || node.outputs[i] == kNone || (*out)[i].known()) {
      continue;
    }
    const TypeSet& set = op.type_sets[formal->type_set];
    if (set.others.empty() && set.tensors != 0 && (set.tensors & (set.tensors - 1)) == 0) {
      (*out)[i] = Type::tensor(static_cast<Dtype>(__builtin_ctz(set.tensors)));
    }
  }
}

Status infer_custom(const Node& node, std::span<const InferInput> inputs, const InferContext& context,
                    const CustomOperator& custom, std::vector<Type>* out) {
  if (!custom.infer) {
    return {};
  }
  Status status = custom.infer(node, inputs, out);
  out->resize(node.outputs.size());
  if (status.ok()) {
    return status;
  }
  return invalid(node, context, status.message()).with_provider(custom.provider);
}

}  // namespace

Status infer(const Node& node, std::span<const InferInput> inputs, const InferContext& context,
             std::vector<Type>* out) {
  out->assign(node.outputs.size(), Type{});
  const Operator* op = current_operator(node.domain, node.op);
  if (op == nullptr) {
    const CustomOperator* custom =
        context.custom != nullptr && *context.custom ? (*context.custom)(node.domain, node.op, node.form) : nullptr;
    if (custom == nullptr) {
      return Status(TENON_UNSUPPORTED, path_of(node, context) + ": there is no operator " + node.domain + "." + node.op)
          .with_node(path_of(node, context), node.domain + "." + node.op);
    }
    return infer_custom(node, inputs, context, *custom, out);
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] != kNone && (inputs[i].type == nullptr || !inputs[i].type->known())) {
      fill_single_types(*op, node, out);
      return {};
    }
  }
  std::vector<const Type*> bound;
  if (Status status = check_types(*op, node, inputs, &bound); !status.ok()) {
    const ErrorFields& fields = status.fields();
    return invalid(node, context, status.message())
        .with_value(fields.value)
        .with_expectation(fields.got, fields.expected);
  }
  Context made(node, inputs, context);
  const auto give_up = [&](Status status) {
    if (status.code() != TENON_INVALID_MODEL || !may_never_run(context)) {
      return status;
    }
    out->assign(node.outputs.size(), Type{});
    fill_bound_types(*op, node, bound, out);
    fill_single_types(*op, node, out);
    return Status();
  };
  if (Status status = guard_inference(*op, node, inputs); !status.ok()) {
    return give_up(invalid(node, context, status.message()));
  }
  try {
    if (op->has_inference && (node.bodies.empty() || context.body)) {
      op->schema->GetTypeAndShapeInferenceFunction()(made);
    }
  } catch (const std::bad_alloc&) {
    return Status(TENON_OUT_OF_MEMORY, path_of(node, context) + ": no memory to infer its types");
  } catch (const std::exception& error) {
    return give_up(made.body_error().ok() ? invalid(node, context, plain(error.what())) : made.body_error());
  }
  if (Status status = read_outputs(*op, node, made, bound, context, out); !status.ok()) {
    return give_up(std::move(status));
  }
  mend_same_padding(node, inputs, out);
  fill_single_types(*op, node, out);
  return {};
}

}  // namespace tenon::onnx_facts
