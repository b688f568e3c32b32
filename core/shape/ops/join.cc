// SPDX-License-Identifier: Apache-2.0
// Concat and Split.
#include <algorithm>

#include "core/shape/slice_op.hpp"

namespace tenon {
namespace {

uint64_t product(const std::vector<int64_t>& dims, size_t begin, size_t end) {
  uint64_t total = 1;
  for (size_t i = begin; i < end; ++i) {
    total *= static_cast<uint64_t>(dims[i]);
  }
  return total;
}

}  // namespace

// ONNX Concat 4..13.
Status slice_concat(SliceCall& call) {
  const SliceTensor& first = *call.value(0);
  const auto rank = static_cast<int64_t>(first.dims.size());
  const int64_t axis = normal_axis(call.node.int_or("axis", 0), rank);
  if (axis < 0) {
    return call.error(TENON_INVALID_MODEL, "its axis is out of range");
  }
  const auto at = static_cast<size_t>(axis);
  std::vector<int64_t> dims = first.dims;
  dims[at] = 0;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const SliceTensor& in = *call.value(i);
    bool fits = in.dtype == first.dtype && in.dims.size() == dims.size();
    for (size_t k = 0; fits && k < dims.size(); ++k) {
      fits = k == at || in.dims[k] == dims[k];
    }
    if (!fits) {
      return call.error(TENON_RUN, "input " + std::to_string(i) + " differs in type or in a dim that is not joined");
    }
    dims[at] += in.dims[at];
  }
  if (element_count(dims).value_or(UINT64_MAX) > kSliceElements) {
    return call.error(TENON_LIMIT, "too many elements for a tensor that decides shapes");
  }
  const uint64_t outer = product(dims, 0, at), inner = product(dims, at + 1, dims.size());
  std::vector<Element> elements;
  for (uint64_t o = 0; o < outer; ++o) {
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      const SliceTensor& in = *call.value(i);
      const auto run = static_cast<ptrdiff_t>(static_cast<uint64_t>(in.dims[at]) * inner);
      const auto begin = in.elements.begin() + static_cast<ptrdiff_t>(o) * run;
      elements.insert(elements.end(), begin, begin + run);
    }
  }
  return call.make(0, first.dtype, std::move(dims), std::move(elements));
}

// ONNX Split 13..18: sizes from input 1, or equal parts with a smaller last one.
Status slice_split(SliceCall& call) {
  const SliceTensor& in = *call.value(0);
  const int64_t axis = normal_axis(call.node.int_or("axis", 0), static_cast<int64_t>(in.dims.size()));
  const auto parts = static_cast<int64_t>(call.out.size());
  if (axis < 0 || parts == 0) {
    return call.error(TENON_INVALID_MODEL, "its axis is out of range");
  }
  const auto at = static_cast<size_t>(axis);
  const int64_t size = in.dims[at];
  std::vector<int64_t> sizes;
  if (call.present(1)) {
    const auto given = call.integers(1);
    if (!given) {
      return {};
    }
    sizes = *given;
  } else {
    const int64_t part = (size + parts - 1) / parts;
    for (int64_t i = 0; i < parts; ++i) {
      sizes.push_back(std::max<int64_t>(0, std::min(part, size - i * part)));
    }
  }
  int64_t total = 0;
  for (int64_t part : sizes) {
    total = part < 0 || part > size ? -1 : total < 0 ? -1 : total + part;
  }
  if (total != size || static_cast<int64_t>(sizes.size()) != parts) {
    return call.error(TENON_RUN, "its sizes do not add up to " + std::to_string(size));
  }
  const uint64_t outer = product(in.dims, 0, at), inner = product(in.dims, at + 1, in.dims.size());
  uint64_t begin = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    std::vector<Element> elements;
    const uint64_t run = static_cast<uint64_t>(sizes[i]) * inner;
    for (uint64_t o = 0; o < outer; ++o) {
      const auto from = in.elements.begin() + static_cast<ptrdiff_t>(o * static_cast<uint64_t>(size) * inner + begin);
      elements.insert(elements.end(), from, from + static_cast<ptrdiff_t>(run));
    }
    begin += run;
    std::vector<int64_t> dims = in.dims;
    dims[at] = sizes[i];
    TENON_RETURN_IF_ERROR(call.make(i, in.dtype, std::move(dims), std::move(elements)));
  }
  return {};
}

}  // namespace tenon
