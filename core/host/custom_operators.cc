// SPDX-License-Identifier: Apache-2.0
#include "core/host/custom_operators.hpp"

#include <algorithm>

#include "core/base/arena.hpp"
#include "core/base/log.hpp"
#include "core/host/graph_view.hpp"

namespace tenon {
namespace {

using onnx_facts::CustomOperator;
using onnx_facts::InferInput;

constexpr uint64_t kMaxValueBytes = 1u << 20;  // of a constant input that inference may look at

Attribute attribute_of(const tenon_attribute& from) {
  Attribute to;
  to.name = view(from.name);
  to.type = from.type;
  to.i = from.i;
  to.f = static_cast<float>(from.f);
  to.s = view(from.s);
  if (from.type == TENON_ATTR_INTS && from.ints != nullptr) {
    to.ints.assign(from.ints, from.ints + from.count);
  }
  if (from.type == TENON_ATTR_FLOATS && from.floats != nullptr) {
    to.floats.assign(from.floats, from.floats + from.count);
  }
  if (from.type == TENON_ATTR_STRINGS && from.strings != nullptr) {
    for (uint32_t i = 0; i < from.count; ++i) {
      to.strings.emplace_back(view(from.strings[i]));
    }
  }
  return to;
}

bool has_default(const tenon_attribute& attribute) {
  // A list without entries is not told apart from "required": such an operator treats an absent list as empty.
  return attribute.count != 0;
}

const tenon_tensor* value_record(Arena& arena, const Constant* constant) {
  if (constant == nullptr || constant->dtype == TENON_STRING || constant->full_bytes() > kMaxValueBytes) {
    return nullptr;
  }
  tenon_tensor* tensor = arena.make<tenon_tensor>();
  *tensor = tensor_of(*constant);
  tensor->bytes = constant->full_bytes();
  tensor->data = arena.allocate(tensor->bytes, alignof(std::max_align_t));
  copy_constant(*constant, tensor->data);
  return tensor;
}

tenon_shape input_record(Arena& arena, const InferInput& input) {
  tenon_shape shape{};
  shape.rank = TENON_UNKNOWN_RANK;
  if (input.type == nullptr || !input.type->is_tensor()) {
    return shape;
  }
  shape.dtype = input.type->dtype;
  if (input.type->shape.has_value()) {
    shape.rank = static_cast<uint32_t>(input.type->shape->size());
    shape.dims = arena.make<int64_t>(shape.rank);
    std::transform(input.type->shape->begin(), input.type->shape->end(), shape.dims,
                   [](const Dim& dim) { return dim.known() ? dim.size : TENON_UNKNOWN_DIM; });
  }
  shape.value = value_record(arena, input.value);
  return shape;
}

Result<Type> output_type(const Provider& provider, const Node& node, uint32_t index, const tenon_shape& shape) {
  const auto broken = [&](const std::string& text) {
    return rule_broken(provider.id(), 15,
                       "infer of " + node.domain + "." + node.op + ": output " + std::to_string(index) + " " + text);
  };
  if (!dtype_valid(shape.dtype)) {
    return broken("has no dtype");
  }
  if (shape.rank == TENON_UNKNOWN_RANK) {
    return Type::tensor(shape.dtype);
  }
  if (shape.rank > TENON_MAX_RANK) {
    return broken("has rank " + std::to_string(shape.rank));
  }
  std::vector<Dim> dims(shape.rank);
  for (uint32_t d = 0; d < shape.rank; ++d) {
    if (shape.dims[d] < TENON_UNKNOWN_DIM) {
      return broken("has the dim " + std::to_string(shape.dims[d]));
    }
    dims[d].size = shape.dims[d];
  }
  return Type::tensor(shape.dtype, std::move(dims));
}

Status infer_by(const Provider& provider, const Node& node, std::span<const InferInput> inputs,
                std::vector<Type>* out) {
  Arena arena;
  const size_t nin = node.inputs.size(), nout = node.outputs.size();
  out->assign(nout, Type{});
  // A node alone has no graph whose value ids could be named: its inputs count from 0, its outputs after them.
  uint32_t* ids = arena.make<uint32_t>(nin + nout);
  tenon_shape* shapes_in = arena.make<tenon_shape>(nin);
  tenon_shape* shapes_out = arena.make<tenon_shape>(nout);
  for (size_t i = 0; i < nin; ++i) {
    ids[i] = node.inputs[i] == kNone ? TENON_NO_ID : static_cast<uint32_t>(i);
    shapes_in[i] = input_record(arena, inputs[i]);
  }
  for (size_t i = 0; i < nout; ++i) {
    ids[nin + i] = node.outputs[i] == kNone ? TENON_NO_ID : static_cast<uint32_t>(nin + i);
    shapes_out[i].rank = TENON_UNKNOWN_RANK;
    shapes_out[i].dims = arena.make<int64_t>(TENON_MAX_RANK);
    std::fill_n(shapes_out[i].dims, TENON_MAX_RANK, TENON_UNKNOWN_DIM);
  }
  TENON_ASSIGN_OR_RETURN(const auto attributes, make_attributes(arena, node));
  tenon_node record{};
  record.domain = abi_string(node.domain);
  record.op = abi_string(node.op);
  record.form = node.form;
  record.name = abi_string(node.name);
  record.inputs = ids;
  record.ninputs = static_cast<uint32_t>(nin);
  record.outputs = ids + nin;
  record.noutputs = static_cast<uint32_t>(nout);
  record.attributes = attributes.data();
  record.nattributes = static_cast<uint32_t>(attributes.size());
  record.attribute_stride = sizeof(tenon_attribute);
  tenon_shapes shapes{};
  shapes.size = sizeof shapes;
  shapes.inputs = shapes_in;
  shapes.ninputs = record.ninputs;
  shapes.input_stride = sizeof(tenon_shape);
  shapes.outputs = shapes_out;
  shapes.noutputs = record.noutputs;
  shapes.output_stride = sizeof(tenon_shape);
  TENON_RETURN_IF_ERROR(provider.infer(record, &shapes));
  for (size_t i = 0; i < nout; ++i) {
    if (node.outputs[i] != kNone) {
      TENON_ASSIGN_OR_RETURN((*out)[i], output_type(provider, node, static_cast<uint32_t>(i), shapes_out[i]));
    }
  }
  return {};
}

std::unique_ptr<const CustomOperator> make_operator(Provider& provider, const tenon_schema& schema) {
  auto made = std::make_unique<CustomOperator>();
  made->domain = view(schema.domain);
  made->op = view(schema.op);
  made->provider = provider.id();
  made->since_version = schema.since_version;
  made->min_inputs = schema.min_inputs;
  made->max_inputs = schema.max_inputs;
  made->min_outputs = schema.min_outputs;
  made->max_outputs = schema.max_outputs;
  for (uint32_t i = 0; i < schema.nattributes; ++i) {
    const tenon_attribute& attribute = strided(schema.attributes, schema.attribute_stride, i);
    made->attributes.push_back({attribute_of(attribute), !has_default(attribute)});
  }
  made->infer = [&provider](const Node& node, std::span<const InferInput> inputs, std::vector<Type>* out) {
    return infer_by(provider, node, inputs, out);
  };
  return made;
}

}  // namespace

CustomOperators::CustomOperators(const std::vector<Provider*>& providers) {
  for (Provider* provider : providers) {
    for (const tenon_schema* schema : provider->schemas()) {
      auto made = make_operator(*provider, *schema);
      const auto same = std::find_if(operators_.begin(), operators_.end(), [&](const auto& other) {
        return other->domain == made->domain && other->op == made->op && other->since_version == made->since_version;
      });
      if (same == operators_.end()) {
        operators_.push_back(std::move(made));
        continue;
      }
      conflicts_.push_back(made->domain + "." + made->op + " version " + std::to_string(made->since_version) +
                           " of provider '" + made->provider + "' is not used: that of provider '" + (*same)->provider +
                           "' comes first");
      log_warning(conflicts_.back());
    }
  }
}

const CustomOperator* CustomOperators::find(std::string_view domain, std::string_view op, uint32_t opset) const {
  const CustomOperator* best = nullptr;
  for (const auto& candidate : operators_) {
    if (candidate->domain == domain && candidate->op == op && candidate->since_version <= opset &&
        (best == nullptr || candidate->since_version > best->since_version)) {
      best = candidate.get();
    }
  }
  return best;
}

onnx_facts::CustomLookup CustomOperators::lookup() const {
  return [this](std::string_view domain, std::string_view op, uint32_t opset) { return find(domain, op, opset); };
}

}  // namespace tenon
