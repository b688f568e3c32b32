// SPDX-License-Identifier: Apache-2.0
// The interpreter of the shape slice: one function for each operator of slice_ops.def, in core/shape/ops/<family>.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hpp"
#include "core/shape/slice_tensor.hpp"

namespace tenon {

struct SliceInput {
  bool present = false;
  const std::vector<Dim>* dims = nullptr;  // of the tensor; NULL: rank not known. Set for Shape and Size only needs
  const SliceTensor* value = nullptr;      // contents; NULL: nothing known of them
};

// One evaluation. Functions set out[i] for what they can tell and leave the rest NULL; a Status is an error of the
// operator on known values (index out of range, dims that do not broadcast).
struct SliceCall {
  const Node& node;
  std::span<const SliceInput> inputs;
  Algebra& algebra;
  std::vector<SliceTensorPtr>& out;  // node.outputs.size() entries

  const SliceTensor* value(size_t i) const { return i < inputs.size() ? inputs[i].value : nullptr; }
  bool present(size_t i) const { return i < inputs.size() && inputs[i].present; }
  // Input i as known integers; nullopt when it is not wholly known.
  std::optional<std::vector<int64_t>> integers(size_t i) const;
  // Makes out[i]. LIMIT when dims hold more than kSliceElements.
  Status make(size_t i, Dtype dtype, std::vector<int64_t> dims, std::vector<Element> elements) const;
  Status error(int32_t code, const std::string& what) const;
};

using SliceFunction = Status (*)(SliceCall& call);

struct SliceOperator {
  std::string_view op;  // of ai.onnx
  SliceFunction function;
  bool reads_contents;  // false: dims of the inputs are enough (Shape, Size)
};

// NULL when the slice has no such operator.
const SliceOperator* find_slice_operator(const Node& node);

// Contents of constant operators' nodes ("Constant"), or evaluates by the table; leaves `out` all NULL when the
// operator is none of the slice's or an input that it needs is not known.
Status evaluate_slice(const Node& node, std::span<const SliceInput> inputs, Algebra& algebra,
                      std::vector<SliceTensorPtr>* out);

// Helpers that operators share.
// The dims that two tensors broadcast to; nullopt when they do not.
std::optional<std::vector<int64_t>> broadcast_dims(const std::vector<int64_t>& a, const std::vector<int64_t>& b);
// For each element of a tensor of `to` dims, in order, the index of its source in a tensor of `from` dims (broadcast).
std::vector<uint32_t> broadcast_indices(const std::vector<int64_t>& from, const std::vector<int64_t>& to);
// -rank..rank-1 to 0..rank-1; -1 when out of range.
int64_t normal_axis(int64_t axis, int64_t rank);

#define TENON_SLICE_OP(op, function, reads_contents) Status function(SliceCall& call);
#include "core/shape/slice_ops.def"
#undef TENON_SLICE_OP

}  // namespace tenon
