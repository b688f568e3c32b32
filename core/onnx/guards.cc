// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/guards.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace tenon::onnx_facts {
namespace {

Status invalid(std::string message) { return Status(TENON_INVALID_MODEL, std::move(message)); }

// libonnx multiplies and adds dims as int64 without checks in places: every number stays far from the ends.
constexpr int64_t kMaxDim = int64_t{1} << 56;

// Attributes that libonnx narrows to int, or uses as an index, before it looks at their range.
constexpr std::array<std::string_view, 5> kSmallNumbers = {"axis", "batch_dims", "num_outputs", "storage_order",
                                                           "layout"};
constexpr int64_t kMaxSmallNumber = 1 << 20;
// Attributes of convolutions and pools: none may be below 1.
constexpr std::array<std::string_view, 4> kPositive = {"strides", "dilations", "kernel_shape", "group"};

template <typename List>
bool listed(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

Status check_attribute(const Attribute& attribute) {
  if (attribute.type == kAttrInt && listed(kSmallNumbers, attribute.name) &&
      (attribute.i > kMaxSmallNumber || attribute.i < -kMaxSmallNumber)) {
    return invalid("attribute '" + attribute.name + "' is " + std::to_string(attribute.i));
  }
  if (!listed(kPositive, attribute.name)) {
    return {};
  }
  const bool positive = attribute.type == kAttrInt ? attribute.i > 0
                                                   : std::all_of(attribute.ints.begin(), attribute.ints.end(),
                                                                 [](int64_t n) { return n > 0; });
  return positive ? Status() : invalid("attribute '" + attribute.name + "' must be at least 1 everywhere");
}

const std::vector<Dim>* dims_of(std::span<const InferInput> inputs, size_t index) {
  const bool known = index < inputs.size() && inputs[index].type != nullptr && inputs[index].type->shape;
  return known ? &*inputs[index].type->shape : nullptr;
}

Status check_axis(const Node& node, std::span<const InferInput> inputs, std::string_view name, int64_t fallback) {
  const std::vector<Dim>* dims = dims_of(inputs, 0);
  const int64_t axis = node.int_or(name, fallback);
  const auto rank = dims == nullptr ? int64_t{-1} : static_cast<int64_t>(dims->size());
  if (rank >= 0 && (axis < -rank || axis >= rank)) {
    return invalid("attribute '" + std::string(name) + "' is " + std::to_string(axis) + ", expected " +
                   std::to_string(-rank) + " to " + std::to_string(rank - 1));
  }
  return {};
}

// Conv: X [N, C, ...], W [M, C / group, ...]. libonnx compares neither C nor M with anything.
Status check_conv(const Node& node, std::span<const InferInput> inputs) {
  const std::vector<Dim>* x = dims_of(inputs, 0);
  const std::vector<Dim>* w = dims_of(inputs, 1);
  const int64_t group = node.int_or("group", 1);
  if (x == nullptr || w == nullptr || x->size() < 2 || w->size() < 2) {
    return {};
  }
  const bool transposed = node.op == "ConvTranspose";
  const Dim channels = (*x)[1];
  const Dim expected = transposed ? (*w)[0] : (*w)[1];
  const int64_t factor = transposed ? 1 : group;
  if (channels.known() && expected.known() &&
      (expected.size > kMaxDim / factor || channels.size != expected.size * factor)) {
    return invalid("the input has " + std::to_string(channels.size) + " channels, but the weights are for " +
                   std::to_string(expected.size) + (factor > 1 ? " x " + std::to_string(factor) + " groups" : ""));
  }
  const Dim grouped = (*w)[0];
  if (grouped.known() && grouped.size % group != 0) {
    return invalid("the weights' first dim " + std::to_string(grouped.size) +
                   " is no multiple of group = " + std::to_string(group));
  }
  return {};
}

// A Reshape whose sizes are all known must keep the number of elements; libonnx only looks when one is -1.
Status check_reshape(const Node& node, std::span<const InferInput> inputs) {
  std::vector<int64_t> shape;
  const std::vector<Dim>* data = dims_of(inputs, 0);
  const bool known =
      data != nullptr && inputs.size() > 1 && inputs[1].value != nullptr && read_integers(*inputs[1].value, &shape);
  if (!known || !is_static(inputs[0].type->shape)) {
    return {};
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && node.int_or("allowzero", 0) == 0 && i < data->size()) {
      shape[i] = (*data)[i].size;
    }
  }
  const std::optional<uint64_t> before = element_count(inputs[0].type->shape);
  const std::optional<uint64_t> after = element_count(shape);
  if (std::count(shape.begin(), shape.end(), -1) == 0 && (!before || !after || *before != *after)) {
    return invalid("the input has " + (before ? std::to_string(*before) : std::string("too many")) +
                   " elements, but the new shape has " + (after ? std::to_string(*after) : std::string("too many")));
  }
  return {};
}

// libonnx sizes a list by num_outputs and reads it by the number of outputs.
Status check_split(const Node& node) {
  const Attribute* number = node.attribute("num_outputs");
  if (number == nullptr || number->i == static_cast<int64_t>(node.outputs.size())) {
    return {};
  }
  return invalid("attribute 'num_outputs' is " + std::to_string(number->i) + ", but the node has " +
                 std::to_string(node.outputs.size()) + " outputs");
}

}  // namespace

Status guard_inference(const Operator& op, const Node& node, std::span<const InferInput> inputs) {
  for (const InferInput& input : inputs) {
    if (input.type == nullptr || !input.type->shape) {
      continue;
    }
    for (const Dim& dim : *input.type->shape) {
      if (dim.size > kMaxDim) {
        return invalid("an input has a dim of " + std::to_string(dim.size));
      }
    }
  }
  for (const Attribute& attribute : node.attributes) {
    TENON_RETURN_IF_ERROR(check_attribute(attribute));
  }
  if (op.domain != "ai.onnx") {
    return {};
  }
  if (node.op == "Conv" || node.op == "ConvTranspose" || node.op == "ConvInteger") {
    return check_conv(node, inputs);
  }
  if (node.op == "Reshape") {
    return check_reshape(node, inputs);
  }
  if (node.op == "Split") {
    return check_split(node);
  }
  if (node.op == "LayerNormalization") {
    return check_axis(node, inputs, "axis", -1);
  }
  if (node.op == "GatherND") {
    return check_axis(node, inputs, "batch_dims", 0).ok() && node.int_or("batch_dims", 0) >= 0
               ? Status()
               : invalid("attribute 'batch_dims' is " + std::to_string(node.int_or("batch_dims", 0)));
  }
  return {};
}

}  // namespace tenon::onnx_facts
