// SPDX-License-Identifier: Apache-2.0
// Identity, Reshape, Squeeze, Unsqueeze, Transpose, Expand, Tile: the same elements under other dims.
#include <algorithm>

#include "core/shape/slice_op.hpp"

namespace tenon {
namespace {

Status with_dims(SliceCall& call, std::vector<int64_t> dims) {
  const SliceTensor& in = *call.value(0);
  if (element_count(dims) != in.elements.size()) {
    return call.error(TENON_RUN,
                      "its input has " + std::to_string(in.elements.size()) + " elements, the new dims another number");
  }
  return call.make(0, in.dtype, std::move(dims), in.elements);
}

// Axes of input 1, or all axes when it is absent; nullopt when they are not known or out of range.
std::optional<std::vector<bool>> axis_set(SliceCall& call, int64_t rank) {
  const auto axes = call.integers(1);
  if (!axes) {
    return std::nullopt;
  }
  std::vector<bool> set(static_cast<size_t>(rank), false);
  for (int64_t axis : *axes) {
    const int64_t at = normal_axis(axis, rank);
    if (at < 0) {
      return std::nullopt;
    }
    set[static_cast<size_t>(at)] = true;
  }
  return set;
}

// Elements picked by index from input 0.
Status gathered(SliceCall& call, std::vector<int64_t> dims, const std::vector<uint32_t>& indices) {
  const SliceTensor& in = *call.value(0);
  std::vector<Element> elements;
  elements.reserve(indices.size());
  for (uint32_t index : indices) {
    elements.push_back(in.elements[index]);
  }
  return call.make(0, in.dtype, std::move(dims), std::move(elements));
}

}  // namespace

Status slice_identity(SliceCall& call) {
  call.out[0] = std::make_shared<SliceTensor>(*call.value(0));
  return {};
}

// ONNX Reshape 5..25.
Status slice_reshape(SliceCall& call) {
  const auto target = call.integers(1);
  if (!target) {
    return {};
  }
  const SliceTensor& in = *call.value(0);
  std::vector<int64_t> dims = *target;
  int64_t product = 1;
  ptrdiff_t open = -1;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && call.node.int_or("allowzero", 0) == 0) {
      if (i >= in.dims.size()) {
        return call.error(TENON_RUN, "a 0 in its shape has no axis to copy");
      }
      dims[i] = in.dims[i];
    }
    if (dims[i] == -1 && open < 0) {
      open = static_cast<ptrdiff_t>(i);
    } else if (dims[i] < 0 || __builtin_mul_overflow(product, dims[i], &product)) {
      return call.error(TENON_RUN, "its shape has more than one -1, a dim below -1 or overflows");
    }
  }
  if (open >= 0) {
    dims[static_cast<size_t>(open)] = product == 0 ? 0 : static_cast<int64_t>(in.elements.size()) / product;
  }
  return with_dims(call, std::move(dims));
}

// ONNX Squeeze 13..25.
Status slice_squeeze(SliceCall& call) {
  const std::vector<int64_t>& in = call.value(0)->dims;
  std::vector<bool> drop(in.size());
  if (call.present(1)) {
    const auto set = axis_set(call, static_cast<int64_t>(in.size()));
    if (!set) {
      return {};
    }
    drop = *set;
  } else {
    std::transform(in.begin(), in.end(), drop.begin(), [](int64_t dim) { return dim == 1; });
  }
  std::vector<int64_t> dims;
  for (size_t i = 0; i < in.size(); ++i) {
    if (!drop[i]) {
      dims.push_back(in[i]);
    } else if (in[i] != 1) {
      return call.error(TENON_RUN,
                        "axis " + std::to_string(i) + " has " + std::to_string(in[i]) + " elements, expected 1");
    }
  }
  return with_dims(call, std::move(dims));
}

// ONNX Unsqueeze 13..25.
Status slice_unsqueeze(SliceCall& call) {
  const std::vector<int64_t>& in = call.value(0)->dims;
  const auto axes = call.integers(1);
  if (!axes) {
    return {};
  }
  const auto set = axis_set(call, static_cast<int64_t>(in.size() + axes->size()));
  if (!set || static_cast<size_t>(std::count(set->begin(), set->end(), true)) != axes->size()) {
    return call.error(TENON_RUN, "its axes are out of range or stand twice");
  }
  std::vector<int64_t> dims;
  size_t next = 0;
  for (bool inserted : *set) {
    dims.push_back(inserted ? 1 : in[next++]);
  }
  return with_dims(call, std::move(dims));
}

// ONNX Transpose 1..25.
Status slice_transpose(SliceCall& call) {
  const std::vector<int64_t>& in = call.value(0)->dims;
  std::vector<int64_t> order(in.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = static_cast<int64_t>(order.size() - 1 - i);
  }
  order = call.node.ints_or("perm", order);
  std::vector<int64_t> dims, strides(in.size(), 1), seen(in.size(), 0);
  for (size_t i = in.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * in[i];
  }
  for (int64_t axis : order) {
    if (normal_axis(axis, static_cast<int64_t>(in.size())) != axis || seen[static_cast<size_t>(axis)]++) {
      return call.error(TENON_INVALID_MODEL, "perm is no permutation of its input's axes");
    }
    dims.push_back(in[static_cast<size_t>(axis)]);
  }
  if (order.size() != in.size()) {
    return call.error(TENON_INVALID_MODEL, "perm has another length than its input's rank");
  }
  std::vector<uint32_t> indices(call.value(0)->elements.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    uint64_t rest = i, source = 0;
    for (size_t axis = dims.size(); axis-- > 0;) {
      const auto size = static_cast<uint64_t>(dims[axis]);
      source += (rest % size) * static_cast<uint64_t>(strides[static_cast<size_t>(order[axis])]);
      rest /= size;
    }
    indices[i] = static_cast<uint32_t>(source);
  }
  return gathered(call, std::move(dims), indices);
}

// ONNX Expand 8..13.
Status slice_expand(SliceCall& call) {
  const auto target = call.integers(1);
  if (!target) {
    return {};
  }
  for (int64_t dim : *target) {
    if (dim < 0) {
      return call.error(TENON_RUN, "its shape has a dim below 0");
    }
  }
  const auto dims = broadcast_dims(call.value(0)->dims, *target);
  if (!dims || element_count(*dims).value_or(UINT64_MAX) > kSliceElements) {
    return call.error(dims ? TENON_LIMIT : TENON_RUN, dims ? "too many elements for a tensor that decides shapes"
                                                           : "its input does not broadcast to its shape");
  }
  return gathered(call, *dims, broadcast_indices(call.value(0)->dims, *dims));
}

// ONNX Tile 6..13, of tensors of rank 0 and 1.
Status slice_tile(SliceCall& call) {
  const auto repeats = call.integers(1);
  const SliceTensor& in = *call.value(0);
  if (!repeats || in.dims.size() > 1 || repeats->size() != in.dims.size()) {
    return {};
  }
  const int64_t times = repeats->empty() ? 1 : repeats->front();
  const std::optional<uint64_t> count = element_count({static_cast<int64_t>(in.elements.size()), times});
  if (!count || *count > kSliceElements) {
    return call.error(times < 0 ? TENON_RUN : TENON_LIMIT,
                      "its repeats are below 0, or too many for a tensor that decides shapes");
  }
  std::vector<Element> elements;
  for (int64_t i = 0; i < times; ++i) {
    elements.insert(elements.end(), in.elements.begin(), in.elements.end());
  }
  std::vector<int64_t> dims = in.dims;
  if (!dims.empty()) {
    dims[0] *= times;
  }
  return call.make(0, in.dtype, std::move(dims), std::move(elements));
}

}  // namespace tenon
