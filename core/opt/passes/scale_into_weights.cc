// SPDX-License-Identifier: Apache-2.0
// Mul, Div, Add and Sub by one number or one a channel, after a product with constant weights. Rounding: each weight is
// rounded once more, so |error| <= 1 ulp of each term.
#include "core/opt/product.hpp"

namespace tenon {
namespace {

// Is the constant one number, or one a channel of the product's output? Then its dims without the 1s around: {} or
// {channels}; nullopt otherwise.
std::optional<std::vector<int64_t>> channel_dims(const Constant& constant, const Product& product) {
  if (constant.dtype != product.dtype || constant.dims.size() > product.rank) {
    return std::nullopt;
  }
  if (constant.elements() == 1) {
    return std::vector<int64_t>();
  }
  for (size_t i = 0; i < constant.dims.size(); ++i) {
    const size_t axis = i + product.rank - constant.dims.size();
    if (constant.dims[i] != (axis == product.channel_axis ? product.channels : 1)) {
      return std::nullopt;
    }
  }
  return std::vector<int64_t>{product.channels};
}

Result<bool> try_fold(PassContext& context, Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  const bool multiplies = node.op == "Mul" || node.op == "Div";
  if (node.domain != "ai.onnx" || node.inputs.size() != 2 || (!multiplies && node.op != "Add" && node.op != "Sub")) {
    return false;
  }
  const bool swapped = (node.op == "Mul" || node.op == "Add") && graph.constant_of(node.inputs[0]) != nullptr;
  const ValueId made = node.inputs[swapped ? 1 : 0], given = node.inputs[swapped ? 0 : 1];
  const Constant* constant = graph.constant_of(given);
  if (constant == nullptr || constant->splat || graph.constant_of(made) != nullptr) {
    return false;
  }
  const auto product = product_before(context, graph, made);
  const auto dims = product ? channel_dims(*constant, *product) : std::nullopt;
  if (!dims || (!multiplies && !product->takes_bias) || !graph.can_take_outputs(node.outputs[0], made)) {
    return false;
  }
  const std::string op = node.op;
  const std::vector<OriginId> origins = node.origins;
  const auto add = [&](const char* name, std::vector<ValueId> inputs) {
    return add_node(context, graph, product->node, name, std::move(inputs), {}, origins, "scale");
  };
  const ValueId shape = graph.add_constant("dims", make_int64_constant({static_cast<int64_t>(dims->size())}, *dims));
  TENON_ASSIGN_OR_RETURN(ValueId number, add("Reshape", {given, shape}));
  if (op == "Sub") {
    TENON_ASSIGN_OR_RETURN(number, add("Neg", {number}));
  } else if (op == "Div") {
    TENON_ASSIGN_OR_RETURN(number, add("Reciprocal", {number}));
  }
  TENON_RETURN_IF_ERROR(multiplies ? multiply_weights(context, graph, *product, number)
                                   : add_to_bias(context, graph, *product, number));
  append_origins(&graph.nodes[product->node].origins, graph.nodes[id]);
  graph.replace_uses(graph.nodes[id].outputs[0], made, true);
  retire(context, graph, {id}, graph.path_of(product->node));
  ++context.changes;
  return true;
}

}  // namespace

Status pass_scale_into_weights(PassContext& context) {
  Status status;
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    for (NodeId id : std::vector<NodeId>(graph.order)) {
      if (status.ok() && graph.nodes[id].live) {
        status = try_fold(context, graph, id).status();
      }
    }
  });
  return status;
}

}  // namespace tenon
