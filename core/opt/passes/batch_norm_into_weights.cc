// SPDX-License-Identifier: Apache-2.0
// y = scale * (x - mean) / sqrt(var + epsilon) + shift, one of each a channel, after a product with constant weights.
// Rounding: each weight is rounded once more, so |error| <= 2 ulp of each term.
#include "core/opt/product.hpp"

namespace tenon {
namespace {

bool parameters_fold(const Graph& graph, const Node& node, const Product& product) {
  for (size_t i = 1; i < 5; ++i) {
    const Constant* constant = i < node.inputs.size() ? graph.constant_of(node.inputs[i]) : nullptr;
    if (constant == nullptr || constant->dtype != product.dtype ||
        constant->dims != std::vector<int64_t>{product.channels}) {
      return false;
    }
  }
  return true;
}

Result<bool> try_fold(PassContext& context, Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  const size_t made = node.outputs.size();
  if (node.inputs.size() != 5 || made != 1 || node.int_or("training_mode", 0) != 0) {
    return false;
  }
  const auto product = product_before(context, graph, node.inputs[0]);
  const bool on_channels = product && product->channel_axis == 1 && product->takes_bias;
  if (!on_channels || !parameters_fold(graph, node, *product) ||
      !graph.can_take_outputs(node.outputs[0], node.inputs[0])) {
    return false;
  }
  const std::vector<ValueId> in = node.inputs;
  const double epsilon = static_cast<double>(node.float_or("epsilon", 1e-5f));
  const std::vector<OriginId> origins = node.origins;
  const auto add = [&](const char* op, std::vector<ValueId> inputs, const char* name) {
    return add_node(context, graph, product->node, op, std::move(inputs), {}, origins, name);
  };
  const ValueId small = add_scalar(graph, "epsilon", product->dtype, epsilon);
  TENON_ASSIGN_OR_RETURN(const ValueId variance, add("Add", {in[4], small}, "variance"));
  TENON_ASSIGN_OR_RETURN(const ValueId deviation, add("Sqrt", {variance}, "deviation"));
  TENON_ASSIGN_OR_RETURN(const ValueId factor, add("Div", {in[1], deviation}, "factor"));
  TENON_ASSIGN_OR_RETURN(const ValueId moved, add("Mul", {in[3], factor}, "moved_mean"));
  TENON_ASSIGN_OR_RETURN(const ValueId shift, add("Sub", {in[2], moved}, "shift"));
  TENON_RETURN_IF_ERROR(multiply_weights(context, graph, *product, factor));
  TENON_RETURN_IF_ERROR(add_to_bias(context, graph, *product, shift));
  append_origins(&graph.nodes[product->node].origins, graph.nodes[id]);
  graph.replace_uses(graph.nodes[id].outputs[0], in[0], true);
  retire(context, graph, {id}, graph.path_of(product->node));
  ++context.changes;
  return true;
}

}  // namespace

Status pass_batch_norm_into_weights(PassContext& context) {
  Status status;
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    for (NodeId id : std::vector<NodeId>(graph.order)) {
      if (status.ok() && graph.nodes[id].live && graph.nodes[id].is("BatchNormalization")) {
        status = try_fold(context, graph, id).status();
      }
    }
  });
  return status;
}

}  // namespace tenon
