// SPDX-License-Identifier: Apache-2.0
#include "core/shape/slice_op.hpp"

#include <algorithm>

namespace tenon {
namespace {

constexpr SliceOperator kOperators[] = {
#define TENON_SLICE_OP(op, function, reads_contents) {op, function, reads_contents},
#include "core/shape/slice_ops.def"
#undef TENON_SLICE_OP
};

}  // namespace

const SliceOperator* find_slice_operator(const Node& node) {
  if (node.domain != "ai.onnx") {
    return nullptr;
  }
  const auto* it = std::lower_bound(std::begin(kOperators), std::end(kOperators), node.op,
                                    [](const SliceOperator& a, const std::string& op) { return a.op < op; });
  return it != std::end(kOperators) && it->op == node.op ? it : nullptr;
}

Status evaluate_slice(const Node& node, std::span<const SliceInput> inputs, Algebra& algebra,
                      std::vector<SliceTensorPtr>* out) {
  out->assign(node.outputs.size(), nullptr);
  const SliceOperator* found = find_slice_operator(node);
  if (found == nullptr || node.outputs.empty()) {
    return {};
  }
  for (const SliceInput& input : inputs) {
    if (found->reads_contents && input.present && input.value == nullptr) {
      return {};
    }
  }
  SliceCall call{node, inputs, algebra, *out};
  return found->function(call);
}

std::optional<std::vector<int64_t>> SliceCall::integers(size_t i) const {
  const SliceTensor* tensor = value(i);
  if (tensor == nullptr || slice_real(tensor->dtype) || !tensor->all_known()) {
    return std::nullopt;
  }
  std::vector<int64_t> numbers;
  numbers.reserve(tensor->elements.size());
  for (const Element& element : tensor->elements) {
    numbers.push_back(element.bits);
  }
  return numbers;
}

Status SliceCall::make(size_t i, Dtype dtype, std::vector<int64_t> dims, std::vector<Element> elements) const {
  if (elements.size() > kSliceElements) {
    return error(TENON_LIMIT, "a tensor that decides shapes has " + std::to_string(elements.size()) +
                                  " elements, at most " + std::to_string(kSliceElements) + " are computed");
  }
  if (dims.size() > TENON_MAX_RANK) {
    return error(TENON_LIMIT, "its result has rank " + std::to_string(dims.size()) + ", at most " +
                                  std::to_string(TENON_MAX_RANK) + " is supported");
  }
  auto tensor = std::make_shared<SliceTensor>();
  tensor->dtype = dtype;
  tensor->dims = std::move(dims);
  tensor->elements = std::move(elements);
  out[i] = std::move(tensor);
  return {};
}

Status SliceCall::error(int32_t code, const std::string& what) const { return Status(code, node.op + ": " + what); }

std::optional<std::vector<int64_t>> broadcast_dims(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  const size_t rank = std::max(a.size(), b.size());
  std::vector<int64_t> dims(rank);
  for (size_t i = 0; i < rank; ++i) {
    const int64_t x = i + a.size() < rank ? 1 : a[i + a.size() - rank];
    const int64_t y = i + b.size() < rank ? 1 : b[i + b.size() - rank];
    if (x != y && x != 1 && y != 1) {
      return std::nullopt;
    }
    dims[i] = x == 1 ? y : x;
  }
  return dims;
}

std::vector<uint32_t> broadcast_indices(const std::vector<int64_t>& from, const std::vector<int64_t>& to) {
  const uint64_t count = element_count(to).value_or(0);
  std::vector<uint32_t> indices(count);
  // Strides of `from` along the axes of `to`, 0 where it is repeated.
  std::vector<uint64_t> strides(to.size(), 0);
  uint64_t stride = 1;
  for (size_t k = 0; k < from.size(); ++k) {
    const size_t axis = from.size() - 1 - k;
    strides[to.size() - 1 - k] = from[axis] == 1 ? 0 : stride;
    stride *= static_cast<uint64_t>(from[axis]);
  }
  std::vector<int64_t> at(to.size(), 0);
  uint64_t source = 0;
  for (uint64_t i = 0; i < count; ++i) {
    indices[i] = static_cast<uint32_t>(source);
    for (size_t axis = to.size(); axis-- > 0;) {
      source += strides[axis];
      if (++at[axis] < to[axis]) {
        break;
      }
      source -= strides[axis] * static_cast<uint64_t>(at[axis]);
      at[axis] = 0;
    }
  }
  return indices;
}

int64_t normal_axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    return -1;
  }
  return axis < 0 ? axis + rank : axis;
}

}  // namespace tenon
