// SPDX-License-Identifier: Apache-2.0
// Attributes, constants made of them, and bodies.
#include <algorithm>
#include <cstring>
#include <utility>

#include "core/onnx/build_call.hpp"

namespace tenon::onnx_import {
namespace {

using namespace onnx_facts;  // NOLINT: attribute types

// The type of an attribute that does not say it (IR versions before 2), from the field that it has.
uint32_t type_of(const wire::Attribute& wire) {
  if (wire.type != 0) {
    return static_cast<uint32_t>(wire.type);
  }
  const std::pair<uint32_t, uint32_t> fields[] = {
      {2, kAttrFloat},  {3, kAttrInt},  {4, kAttrString},  {5, kAttrTensor}, {6, kAttrGraph},
      {7, kAttrFloats}, {8, kAttrInts}, {9, kAttrStrings}, {14, kAttrType},  {22, kAttrSparseTensor}};
  for (const auto& [field, type] : fields) {
    if ((wire.seen >> field & 1U) != 0) {
      return type;
    }
  }
  return 0;
}

int64_t loop_rank(const Type& type) { return type.shape ? static_cast<int64_t>(type.shape->size()) : -1; }

// What a Scan of form 9 gives its body: states as they are, scan inputs without their scan axis.
std::vector<Type> scan_seeds(const Node& node, const std::vector<Type>& inputs) {
  const int64_t scanned = node.int_or("num_scan_inputs", 0);
  if (scanned < 0 || static_cast<uint64_t>(scanned) > inputs.size()) {
    return {};
  }
  const size_t states = inputs.size() - static_cast<size_t>(scanned);
  const std::vector<int64_t> axes = node.ints_or("scan_input_axes", {});
  std::vector<Type> seeds = inputs;
  for (size_t i = states; i < seeds.size(); ++i) {
    const int64_t rank = loop_rank(seeds[i]);
    int64_t axis = i - states < axes.size() ? axes[i - states] : 0;
    axis += axis < 0 ? rank : 0;
    if (rank < 0 || axis < 0 || axis >= rank) {
      seeds[i].shape.reset();
    } else {
      seeds[i].shape->erase(seeds[i].shape->begin() + axis);
    }
  }
  return seeds;
}

// Types that a node gives to the inputs of its body. Fewer than the body has: the rest is what the body declares.
std::vector<Type> body_seeds(const Node& node, const Graph& graph) {
  std::vector<Type> inputs;
  for (const ValueId id : node.inputs) {
    inputs.push_back(id == kNone ? Type{} : graph.values[id].type);
  }
  if (node.is("Loop")) {
    std::vector<Type> seeds = {Type::tensor(TENON_INT64, std::vector<Dim>{}),
                               Type::tensor(TENON_BOOL, std::vector<Dim>{})};
    for (size_t i = 2; i < inputs.size(); ++i) {
      inputs[i].shape.reset();  // may differ from one iteration to the next
      seeds.push_back(inputs[i]);
    }
    return seeds;
  }
  if (node.is("Scan") && node.form >= 9) {
    return scan_seeds(node, inputs);
  }
  if (node.is("SequenceMap")) {
    for (Type& type : inputs) {
      if (type.kind == TypeKind::sequence && type.element) {
        const Type element = *type.element;
        type = element;
      }
    }
    return inputs;
  }
  return {};
}

}  // namespace

Status Builder::read_attribute(const wire::Attribute& wire, const Scope& scope, Attribute* out, bool* absent) {
  *absent = false;
  const std::string name(wire.name);
  if (!wire.ref_attr_name.empty()) {
    if (scope.bindings == nullptr) {
      return Status(TENON_INVALID_MODEL, "attribute '" + name + "' refers to a function's attribute, but is in none");
    }
    const auto it = scope.bindings->find(wire.ref_attr_name);
    *absent = it == scope.bindings->end();
    if (!*absent) {
      *out = it->second;
      out->name = name;
    }
    return {};
  }
  out->name = name;
  out->type = type_of(wire);
  out->f = wire.f;
  out->i = wire.i;
  out->s = wire.s;
  out->floats = wire.floats;
  out->ints = wire.ints;
  out->strings.assign(wire.strings.begin(), wire.strings.end());
  if (out->type == kAttrTensor) {
    static const wire::Tensor none;
    auto tensor = tensors_->read(wire.t ? *wire.t : none);
    if (!tensor.ok()) {
      return tensor.status().prefixed("the tensor of attribute '" + name + "' ");
    }
    out->tensor = std::move(tensor).value();
  } else if (out->type == kAttrType) {
    static const wire::Type untyped;
    auto type = read_type(wire.tp ? *wire.tp : untyped, false);
    if (!type.ok()) {
      return type.status().prefixed("attribute '" + name + "' ");
    }
    out->type_value = std::make_shared<Type>(std::move(type).value());
  }
  return {};
}

Status Builder::read_attributes(Call* call) {
  std::vector<std::string_view> names;
  for (const wire::Attribute& wire : call->wire.attribute) {
    if (wire.name.empty()) {
      return Status(TENON_INVALID_MODEL, "has an attribute without a name");
    }
    names.push_back(wire.name);
    const uint32_t type = wire.ref_attr_name.empty() ? type_of(wire) : kAttrInt;
    if (type == kAttrGraph) {
      call->graphs.push_back(&wire);
      continue;
    }
    if (type == kAttrSparseTensor) {
      static const wire::SparseTensor none;
      call->sparse = wire.sparse_tensor ? wire.sparse_tensor.get() : &none;
      continue;
    }
    if (type == 0 || type > kAttrType || type == 9 || type == 10 || type == 12) {
      return Status(TENON_UNSUPPORTED, "attribute '" + std::string(wire.name) + "' has a type that no operator takes");
    }
    Attribute attribute;
    bool absent = false;
    TENON_RETURN_IF_ERROR(read_attribute(wire, call->scope, &attribute, &absent));
    if (!absent) {
      call->node.attributes.push_back(std::move(attribute));
    }
  }
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    return Status(TENON_INVALID_MODEL, "has attribute '" + std::string(*twice) + "' twice")
        .with_value(std::string(*twice));
  }
  return {};
}

Status Builder::build_bodies(Call* call) {
  if (call->sparse != nullptr) {
    return Status(TENON_UNSUPPORTED, "has a sparse tensor as an attribute");
  }
  for (const wire::Attribute* attribute : call->graphs) {
    TENON_RETURN_IF_ERROR(build_body(*attribute, call));
  }
  return {};
}

Status Builder::build_body(const wire::Attribute& attribute, Call* call) {
  static const wire::Graph none;
  const Scope& outer = call->scope;
  auto body = std::make_unique<Graph>();
  body->model = model_;
  body->parent = outer.graph;
  Scope inner;
  inner.graph = body.get();
  inner.parent = &call->scope;
  inner.opsets = outer.opsets;
  inner.bindings = outer.bindings;
  inner.place = call->path + "." + std::string(attribute.name);
  inner.depth = outer.depth + 1;
  inner.tentative = outer.tentative || call->node.is("If");
  if (inner.depth > options_.limits.nesting) {
    return Status(TENON_LIMIT, "graphs and functions are nested deeper than the limit 'nesting' of " +
                                   std::to_string(options_.limits.nesting))
        .with_value("nesting");
  }
  TENON_RETURN_IF_ERROR(finish_body(attribute.g ? *attribute.g : none, body_seeds(call->node, *outer.graph), &inner));
  captures_.erase(body.get());
  call->node.bodies.emplace_back(std::string(attribute.name), std::move(body));
  return {};
}

ConstantPtr constant_of_values(const Node& node) {
  if (node.attributes.size() != 1) {
    return nullptr;
  }
  const Attribute& a = node.attributes.front();
  const auto count = [](const auto& list) { return std::vector<int64_t>{static_cast<int64_t>(list.size())}; };
  if (a.name == "value" && a.type == kAttrTensor) {
    return a.tensor;
  }
  if (a.name == "value_float" && a.type == kAttrFloat) {
    return tenon::make_constant(TENON_FLOAT32, {}, &a.f, sizeof(a.f));
  }
  if (a.name == "value_floats" && a.type == kAttrFloats) {
    return tenon::make_constant(TENON_FLOAT32, count(a.floats), a.floats.data(), a.floats.size() * sizeof(float));
  }
  if (a.name == "value_int" && a.type == kAttrInt) {
    return tenon::make_constant(TENON_INT64, {}, &a.i, sizeof(a.i));
  }
  if (a.name == "value_ints" && a.type == kAttrInts) {
    return tenon::make_constant(TENON_INT64, count(a.ints), a.ints.data(), a.ints.size() * sizeof(int64_t));
  }
  if (a.name == "value_string" && a.type == kAttrString) {
    return make_strings({}, {a.s});
  }
  if (a.name == "value_strings" && a.type == kAttrStrings) {
    return make_strings(count(a.strings), {a.strings.begin(), a.strings.end()});
  }
  return nullptr;
}

Result<ConstantPtr> constant_of_shape(const Node& node, const Constant* shape) {
  const Attribute* value = node.attribute("value");
  const Constant* element = value != nullptr ? value->tensor.get() : nullptr;
  std::vector<int64_t> dims;
  const bool only_value = node.attributes.size() == (value != nullptr ? 1 : 0);
  if (shape == nullptr || shape->dims.size() != 1 || shape->dtype != TENON_INT64 || !only_value ||
      !read_integers(*shape, &dims, TENON_MAX_RANK)) {
    return ConstantPtr();  // a node that the schema's checks will look at
  }
  const Dtype dtype = element != nullptr ? element->dtype : TENON_FLOAT32;
  const uint32_t bits = dtype_bits(dtype);
  if (bits < 8 || (element != nullptr && element->elements() != 1)) {
    return ConstantPtr();
  }
  const std::optional<uint64_t> elements = element_count(dims);
  if (!elements || !dtype_bytes(dtype, *elements)) {
    return Status(TENON_INVALID_MODEL, "makes a tensor whose dims are negative or whose size is no 64-bit number");
  }
  if (*elements == 0) {
    return tenon::make_constant(dtype, std::move(dims), nullptr, 0);
  }
  const char zero[16] = {};
  return make_splat(dtype, std::move(dims), element != nullptr ? static_cast<const void*>(element->data) : zero);
}

}  // namespace tenon::onnx_import
