// SPDX-License-Identifier: Apache-2.0
#include "core/opt/product.hpp"

namespace tenon {
namespace {

// Where the channels of the product are in its weight: dims that broadcast one number a channel against it.
bool locate_channels(const Graph& graph, const Node& node, const std::vector<int64_t>& weight, Product* product) {
  product->scale_dims.assign(weight.size(), 1);
  if (node.op == "Conv" && weight.size() > 2) {
    product->channels = weight[0];
    product->scale_dims[0] = weight[0];
  } else if (node.op == "ConvTranspose" && weight.size() > 2 && node.int_or("group", 1) == 1) {
    product->channels = weight[1];
    product->scale_dims[1] = weight[1];
  } else if (node.op == "Gemm" && weight.size() == 2 && node.float_or("alpha", 1) == 1 &&
             node.float_or("beta", 1) == 1) {
    const size_t axis = node.int_or("transB", 0) != 0 ? 0 : 1;
    product->channels = weight[axis];
    product->scale_dims[axis] = weight[axis];
  } else if (node.op == "MatMul" && weight.size() == 2) {
    product->channels = weight[1];
    product->scale_dims[1] = weight[1];
    product->takes_bias = false;
  } else {
    return false;
  }
  const Shape& output = graph.values[node.outputs[0]].type.shape;
  if (!output || output->size() < 2) {
    return false;
  }
  product->rank = output->size();
  product->channel_axis = node.op == "MatMul" ? product->rank - 1 : 1;
  return true;
}

}  // namespace

std::optional<Product> product_before(const PassContext& context, const Graph& graph, ValueId value) {
  const NodeId id = graph.values[value].producer;
  if (context.services.folder == nullptr || id == kNone || sole_user(graph, value) == kNone) {
    return std::nullopt;
  }
  const Node& node = graph.nodes[id];
  if (node.domain != "ai.onnx" || node.inputs.size() < 2) {
    return std::nullopt;
  }
  const Constant* weight = graph.constant_of(node.inputs[1]);
  if (weight == nullptr || (weight->dtype != TENON_FLOAT32 && weight->dtype != TENON_FLOAT64) ||
      weight->full_bytes() > context.options.fold_limit) {
    return std::nullopt;
  }
  Product product;
  product.node = id;
  product.dtype = weight->dtype;
  if (!locate_channels(graph, node, weight->dims, &product)) {
    return std::nullopt;
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNone) {
    const Constant* bias = graph.constant_of(node.inputs[2]);
    if (bias == nullptr || bias->dims != std::vector<int64_t>{product.channels}) {
      return std::nullopt;
    }
  }
  return product;
}

Status multiply_weights(PassContext& context, Graph& graph, const Product& product, ValueId scale) {
  const std::vector<OriginId> origins = graph.nodes[product.node].origins;
  const auto edit = [&](uint32_t input, ValueId factor, const char* suffix) -> Status {
    const ValueId old = graph.nodes[product.node].inputs[input];
    TENON_ASSIGN_OR_RETURN(const ValueId scaled, add_node(context, graph, product.node, "Mul", {old, factor}, {},
                                                          origins, graph.values[old].name + suffix));
    graph.set_input(product.node, input, scaled);
    return {};
  };
  ValueId spread = scale;
  if (graph.values[scale].type.shape->size() == 1 && (*graph.values[scale].type.shape)[0].size == product.channels) {
    const auto rank = static_cast<int64_t>(product.scale_dims.size());
    const ValueId dims = graph.add_constant("scale_dims", make_int64_constant({rank}, product.scale_dims));
    TENON_ASSIGN_OR_RETURN(spread,
                           add_node(context, graph, product.node, "Reshape", {scale, dims}, {}, origins, "scale"));
  }
  TENON_RETURN_IF_ERROR(edit(1, spread, "_scaled"));
  const std::vector<ValueId>& inputs = graph.nodes[product.node].inputs;
  return inputs.size() > 2 && inputs[2] != kNone ? edit(2, scale, "_scaled") : Status();
}

Status add_to_bias(PassContext& context, Graph& graph, const Product& product, ValueId shift) {
  const std::vector<OriginId> origins = graph.nodes[product.node].origins;
  const std::vector<ValueId>& inputs = graph.nodes[product.node].inputs;
  ValueId bias = inputs.size() > 2 ? inputs[2] : kNone;
  if (bias != kNone) {
    TENON_ASSIGN_OR_RETURN(bias, add_node(context, graph, product.node, "Add", {bias, shift}, {}, origins, "bias"));
  } else {
    const ValueId dims = graph.add_constant("bias_dims", make_int64_constant({1}, {product.channels}));
    TENON_ASSIGN_OR_RETURN(bias, add_node(context, graph, product.node, "Expand", {shift, dims}, {}, origins, "bias"));
  }
  Node& node = graph.nodes[product.node];
  if (node.inputs.size() < 3) {
    node.inputs.resize(3, kNone);
  }
  graph.set_input(product.node, 2, bias);
  return {};
}

}  // namespace tenon
