// SPDX-License-Identifier: Apache-2.0
// Gather, GatherElements, GatherND, ScatterND, Slice: elements by index.
#include <algorithm>

#include "core/shape/slice_op.hpp"

namespace tenon {
namespace {

std::vector<int64_t> strides_of(const std::vector<int64_t>& dims) {
  std::vector<int64_t> strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * dims[i];
  }
  return strides;
}

Status out_of_range(SliceCall& call, int64_t index, int64_t size) {
  return call.error(TENON_RUN,
                    "index " + std::to_string(index) + " is out of range for an axis of " + std::to_string(size));
}

// Offset of the part of `data` that a tuple of indices names; -1 when one is out of range.
int64_t tuple_offset(const std::vector<int64_t>& dims, const std::vector<int64_t>& strides, const int64_t* tuple,
                     int64_t length) {
  int64_t offset = 0;
  for (int64_t k = 0; k < length; ++k) {
    const int64_t index = normal_axis(tuple[k], dims[static_cast<size_t>(k)]);
    if (index < 0) {
      return -1;
    }
    offset += index * strides[static_cast<size_t>(k)];
  }
  return offset;
}

}  // namespace

// ONNX Gather 1..13.
Status slice_gather(SliceCall& call) {
  const SliceTensor &data = *call.value(0), &indices = *call.value(1);
  const auto numbers = call.integers(1);
  const int64_t axis = normal_axis(call.node.int_or("axis", 0), static_cast<int64_t>(data.dims.size()));
  if (!numbers || axis < 0) {
    return numbers ? call.error(TENON_INVALID_MODEL, "its axis is out of range") : Status();
  }
  const auto at = static_cast<size_t>(axis);
  const int64_t size = data.dims[at], inner = strides_of(data.dims)[at];
  const int64_t outer = size * inner == 0 ? 0 : static_cast<int64_t>(data.elements.size()) / (size * inner);
  std::vector<int64_t> dims(data.dims.begin(), data.dims.begin() + axis);
  dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
  dims.insert(dims.end(), data.dims.begin() + axis + 1, data.dims.end());
  if (element_count(dims).value_or(UINT64_MAX) > kSliceElements) {
    return call.error(TENON_LIMIT, "too many elements for a tensor that decides shapes");
  }
  std::vector<Element> elements;
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t number : *numbers) {
      const int64_t index = normal_axis(number, size);
      if (index < 0) {
        return out_of_range(call, number, size);
      }
      const auto begin = data.elements.begin() + (o * size + index) * inner;
      elements.insert(elements.end(), begin, begin + inner);
    }
  }
  return element_count(dims) == elements.size() ? call.make(0, data.dtype, std::move(dims), std::move(elements))
                                                : Status();
}

// ONNX GatherElements 11..13, of tensors of rank 1.
Status slice_gather_elements(SliceCall& call) {
  const SliceTensor& data = *call.value(0);
  const auto numbers = call.integers(1);
  if (!numbers || data.dims.size() != 1 || call.value(1)->dims.size() != 1) {
    return {};
  }
  std::vector<Element> elements;
  for (int64_t number : *numbers) {
    const int64_t index = normal_axis(number, data.dims[0]);
    if (index < 0) {
      return out_of_range(call, number, data.dims[0]);
    }
    elements.push_back(data.elements[static_cast<size_t>(index)]);
  }
  return call.make(0, data.dtype, call.value(1)->dims, std::move(elements));
}

// ONNX GatherND 11..13 without batch dims.
Status slice_gather_nd(SliceCall& call) {
  const SliceTensor &data = *call.value(0), &indices = *call.value(1);
  const auto numbers = call.integers(1);
  if (!numbers || indices.dims.empty() || call.node.int_or("batch_dims", 0) != 0) {
    return {};
  }
  const int64_t length = indices.dims.back();
  if (length < 1 || length > static_cast<int64_t>(data.dims.size())) {
    return call.error(TENON_RUN, "its index tuples are longer than its data's rank");
  }
  const std::vector<int64_t> strides = strides_of(data.dims);
  const int64_t run = strides[static_cast<size_t>(length - 1)];
  std::vector<int64_t> dims(indices.dims.begin(), indices.dims.end() - 1);
  dims.insert(dims.end(), data.dims.begin() + length, data.dims.end());
  if (element_count(dims).value_or(UINT64_MAX) > kSliceElements) {
    return call.error(TENON_LIMIT, "too many elements for a tensor that decides shapes");
  }
  std::vector<Element> elements;
  for (size_t i = 0; i + static_cast<size_t>(length) <= numbers->size(); i += static_cast<size_t>(length)) {
    const int64_t offset = tuple_offset(data.dims, strides, numbers->data() + i, length);
    if (offset < 0) {
      return call.error(TENON_RUN, "an index is out of range");
    }
    elements.insert(elements.end(), data.elements.begin() + offset, data.elements.begin() + offset + run);
  }
  return call.make(0, data.dtype, std::move(dims), std::move(elements));
}

// ONNX ScatterND 11..18 without reduction.
Status slice_scatter_nd(SliceCall& call) {
  SliceTensor result = *call.value(0);
  const SliceTensor &indices = *call.value(1), &updates = *call.value(2);
  const auto numbers = call.integers(1);
  if (!numbers || indices.dims.empty() || call.node.string_or("reduction", "none") != "none") {
    return {};
  }
  const int64_t length = indices.dims.back();
  if (length < 1 || length > static_cast<int64_t>(result.dims.size())) {
    return call.error(TENON_RUN, "its index tuples are longer than its data's rank");
  }
  const std::vector<int64_t> strides = strides_of(result.dims);
  const int64_t run = strides[static_cast<size_t>(length - 1)];
  const int64_t tuples = static_cast<int64_t>(numbers->size()) / length;
  if (static_cast<int64_t>(updates.elements.size()) != tuples * run) {
    return call.error(TENON_RUN, "its updates do not fit its indices");
  }
  for (int64_t i = 0; i < tuples; ++i) {
    const int64_t offset = tuple_offset(result.dims, strides, numbers->data() + i * length, length);
    if (offset < 0) {
      return call.error(TENON_RUN, "an index is out of range");
    }
    std::copy_n(updates.elements.begin() + i * run, run, result.elements.begin() + offset);
  }
  return call.make(0, result.dtype, std::move(result.dims), std::move(result.elements));
}

// ONNX Slice 10..13.
Status slice_slice(SliceCall& call) {
  const SliceTensor& data = *call.value(0);
  const auto starts = call.integers(1), ends = call.integers(2);
  const auto rank = static_cast<int64_t>(data.dims.size());
  if (!starts || !ends || starts->size() != ends->size() || (call.present(3) && !call.integers(3)) ||
      (call.present(4) && !call.integers(4))) {
    return {};
  }
  std::vector<int64_t> axes(starts->size()), steps(starts->size(), 1);
  for (size_t i = 0; i < axes.size(); ++i) {
    axes[i] = static_cast<int64_t>(i);
  }
  axes = call.present(3) ? *call.integers(3) : axes;
  steps = call.present(4) ? *call.integers(4) : steps;
  if (axes.size() != starts->size() || steps.size() != starts->size()) {
    return call.error(TENON_RUN, "starts, ends, axes and steps differ in length");
  }
  std::vector<int64_t> begin(data.dims.size(), 0), step(data.dims.size(), 1), dims = data.dims;
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = normal_axis(axes[i], rank);
    if (axis < 0 || steps[i] == 0 || steps[i] == INT64_MIN) {
      return call.error(TENON_RUN, "an axis is out of range or a step is 0");
    }
    const auto at = static_cast<size_t>(axis);
    const int64_t size = data.dims[at];
    const auto bound = [&](int64_t index, int64_t low, int64_t high) {
      return std::clamp(index < 0 ? index + size : index, low, high);
    };
    const bool forward = steps[i] > 0;
    const int64_t from = forward ? bound((*starts)[i], 0, size) : bound((*starts)[i], 0, size - 1);
    const int64_t to = forward ? bound((*ends)[i], 0, size) : bound((*ends)[i], -1, size - 1);
    const int64_t span = forward ? to - from : from - to, stride = forward ? steps[i] : -steps[i];
    begin[at] = from;
    step[at] = steps[i];
    dims[at] = size == 0 || span <= 0 ? 0 : (span - 1) / stride + 1;
  }
  const std::vector<int64_t> strides = strides_of(data.dims);
  const uint64_t count = element_count(dims).value_or(0);
  std::vector<Element> elements;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t rest = i;
    int64_t source = 0;
    for (size_t axis = dims.size(); axis-- > 0;) {
      const auto size = static_cast<uint64_t>(dims[axis]);
      source += (begin[axis] + static_cast<int64_t>(rest % size) * step[axis]) * strides[axis];
      rest /= size;
    }
    elements.push_back(data.elements[static_cast<size_t>(source)]);
  }
  return call.make(0, data.dtype, std::move(dims), std::move(elements));
}

}  // namespace tenon
