// SPDX-License-Identifier: Apache-2.0
// ConstantOfShape and Range.
#include <cmath>

#include "core/shape/slice_op.hpp"

namespace tenon {

// ONNX ConstantOfShape 9..25.
Status slice_constant_of_shape(SliceCall& call) {
  const auto dims = call.integers(0);
  if (!dims) {
    return {};
  }
  const std::optional<uint64_t> count = element_count(*dims);
  if (!count || *count > kSliceElements) {
    return call.error(TENON_LIMIT, "a dim is below 0, or too many elements for a tensor that decides shapes");
  }
  SliceTensor fill{TENON_FLOAT32, {1}, {Element::real(0)}};
  if (const Attribute* value = call.node.attribute("value"); value != nullptr && value->tensor != nullptr) {
    const SliceTensorPtr given = slice_tensor(*value->tensor, 1);
    if (given == nullptr || given->elements.size() != 1) {
      return {};
    }
    fill = *given;
  }
  return call.make(0, fill.dtype, *dims, std::vector<Element>(*count, fill.elements[0]));
}

// ONNX Range 11..27: max(ceil((limit - start) / delta), 0) elements.
Status slice_range(SliceCall& call) {
  const SliceTensor &start = *call.value(0), &limit = *call.value(1), &delta = *call.value(2);
  if (start.elements.size() != 1 || limit.elements.size() != 1 || delta.elements.size() != 1 || !start.all_known() ||
      !limit.all_known() || !delta.all_known() || start.dtype != limit.dtype || start.dtype != delta.dtype) {
    return {};
  }
  const Element a = start.elements[0], b = limit.elements[0], d = delta.elements[0];
  const bool real = slice_real(start.dtype);
  if (real ? d.as_real() == 0 : d.bits == 0) {
    return call.error(TENON_RUN, "its delta is 0");
  }
  // Sizes below 2^53 are exact in a double; beyond them the limit on elements applies anyway.
  const double span = real ? b.as_real() - a.as_real() : static_cast<double>(b.bits) - static_cast<double>(a.bits);
  const double count = std::ceil(span / (real ? d.as_real() : static_cast<double>(d.bits)));
  if (!(count <= static_cast<double>(kSliceElements))) {
    return call.error(TENON_LIMIT, "too many elements for a tensor that decides shapes");
  }
  std::vector<Element> elements;
  for (int64_t i = 0; i < static_cast<int64_t>(std::max(count, 0.0)); ++i) {
    const Element e = real ? Element::real(a.as_real() + static_cast<double>(i) * d.as_real())
                           : Element::integer(a.bits + i * d.bits);
    elements.push_back(wrapped(start.dtype, e));
  }
  const auto size = static_cast<int64_t>(elements.size());
  return call.make(0, start.dtype, {size}, std::move(elements));
}

}  // namespace tenon
