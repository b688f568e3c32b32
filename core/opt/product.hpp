// SPDX-License-Identifier: Apache-2.0
// Products with constant weights, into which per-channel arithmetic after them is folded.
#pragma once

#include <optional>
#include <vector>

#include "core/opt/pass.hpp"

namespace tenon {

// A Conv, ConvTranspose (one group), Gemm (alpha = beta = 1) or MatMul whose weight (input 1) is a constant FLOAT32 or
// FLOAT64 within the folding limit, and whose bias (input 2), when there is one, is a constant with one element a
// channel.
struct Product {
  NodeId node = kNone;
  Dtype dtype = TENON_FLOAT32;
  int64_t channels = 0;
  size_t rank = 0;                  // of its output
  size_t channel_axis = 1;          // of its output
  std::vector<int64_t> scale_dims;  // dims under which one number a channel broadcasts against the weight
  bool takes_bias = true;           // MatMul does not
};

// The product that makes `value` and has no other reader; nullopt when there is none, or no folder to compute weights.
std::optional<Product> product_before(const PassContext& context, const Graph& graph, ValueId value);

// weight *= scale, bias *= scale, where `scale` is a constant FLOAT of dims [channels] or with one element; written as
// nodes on constants before the product.
Status multiply_weights(PassContext& context, Graph& graph, const Product& product, ValueId scale);
// bias += shift ([channels] or one element); makes a bias when there is none.
Status add_to_bias(PassContext& context, Graph& graph, const Product& product, ValueId shift);

}  // namespace tenon
