// SPDX-License-Identifier: Apache-2.0
// ReduceSum, ReduceProd, ReduceMax, ReduceMin over integers.
#include <algorithm>

#include "core/shape/slice_op.hpp"

namespace tenon {
namespace {

using Step = int64_t (*)(int64_t, int64_t);

// ONNX Reduce* 18: axes in input 1; without them all, unless noop_with_empty_axes.
Status reduce(SliceCall& call, int64_t start, bool has_start, Step step) {
  const SliceTensor& in = *call.value(0);
  if (slice_real(in.dtype) || in.dtype == TENON_UINT64 || in.dtype == TENON_BOOL || !in.all_known() ||
      (call.present(1) && !call.integers(1))) {
    return {};
  }
  const std::vector<int64_t> axes = call.present(1) ? *call.integers(1) : std::vector<int64_t>();
  if (axes.empty() && call.node.int_or("noop_with_empty_axes", 0) != 0) {
    call.out[0] = std::make_shared<SliceTensor>(in);
    return {};
  }
  std::vector<bool> reduced(in.dims.size(), axes.empty());
  for (int64_t axis : axes) {
    const int64_t at = normal_axis(axis, static_cast<int64_t>(in.dims.size()));
    if (at < 0) {
      return call.error(TENON_INVALID_MODEL, "an axis is out of range");
    }
    reduced[static_cast<size_t>(at)] = true;
  }
  std::vector<int64_t> kept, dims;
  for (size_t i = 0; i < in.dims.size(); ++i) {
    kept.push_back(reduced[i] ? 1 : in.dims[i]);
    if (!reduced[i] || call.node.int_or("keepdims", 1) != 0) {
      dims.push_back(kept.back());
    }
  }
  const uint64_t count = element_count(kept).value_or(0);
  if (in.elements.empty() && !has_start) {
    return {};
  }
  const std::vector<uint32_t> target = broadcast_indices(kept, in.dims);
  std::vector<Element> elements(count, Element::integer(start));
  std::vector<bool> seen(count, has_start);
  for (size_t i = 0; i < in.elements.size(); ++i) {
    Element& e = elements[target[i]];
    e = seen[target[i]] ? wrapped(in.dtype, Element::integer(step(e.bits, in.elements[i].bits))) : in.elements[i];
    seen[target[i]] = true;
  }
  return call.make(0, in.dtype, std::move(dims), std::move(elements));
}

int64_t add(int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }
int64_t multiply(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
int64_t larger(int64_t a, int64_t b) { return std::max(a, b); }
int64_t smaller(int64_t a, int64_t b) { return std::min(a, b); }

}  // namespace

Status slice_reduce_sum(SliceCall& call) { return reduce(call, 0, true, add); }
Status slice_reduce_prod(SliceCall& call) { return reduce(call, 1, true, multiply); }
Status slice_reduce_max(SliceCall& call) { return reduce(call, 0, false, larger); }
Status slice_reduce_min(SliceCall& call) { return reduce(call, 0, false, smaller); }

}  // namespace tenon
