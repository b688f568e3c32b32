// SPDX-License-Identifier: Apache-2.0
// Shape, Size, Constant: where the slice begins.
#include <algorithm>

#include "core/shape/slice_op.hpp"

namespace tenon {

// ONNX Shape 1..25: INT64 [end - start].
Status slice_shape(SliceCall& call) {
  const std::vector<Dim>* dims = call.inputs.empty() ? nullptr : call.inputs[0].dims;
  if (dims == nullptr) {
    return {};
  }
  const auto rank = static_cast<int64_t>(dims->size());
  const auto clamp = [rank](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t begin = clamp(call.node.int_or("start", 0));
  const int64_t end = std::max(begin, clamp(call.node.int_or("end", rank)));
  std::vector<Element> elements;
  for (int64_t i = begin; i < end; ++i) {
    elements.push_back(Element::of((*dims)[static_cast<size_t>(i)]));
  }
  return call.make(0, TENON_INT64, {end - begin}, std::move(elements));
}

// ONNX Size 1..25: INT64 scalar.
Status slice_size(SliceCall& call) {
  const std::vector<Dim>* dims = call.inputs.empty() ? nullptr : call.inputs[0].dims;
  if (dims == nullptr) {
    return {};
  }
  Element product = Element::integer(1);
  for (const Dim& dim : *dims) {
    const Element factor = Element::of(dim);
    if (product.known && factor.known) {
      if (__builtin_mul_overflow(product.bits, factor.bits, &product.bits)) {
        return call.error(TENON_INVALID_MODEL, "the number of elements overflows 63 bits");
      }
    } else if (product == Element::integer(1)) {
      product = factor;
    } else if (factor != Element::integer(1)) {
      product = call.algebra.combine("mul", TENON_INT64, product, factor, true);
    }
  }
  return call.make(0, TENON_INT64, {}, {product});
}

// ONNX Constant 1..25, as a node.
Status slice_constant_node(SliceCall& call) {
  if (const Attribute* tensor = call.node.attribute("value"); tensor != nullptr && tensor->tensor != nullptr) {
    call.out[0] = slice_tensor(*tensor->tensor, 4096);
    return {};
  }
  if (const Attribute* a = call.node.attribute("value_int"); a != nullptr) {
    return call.make(0, TENON_INT64, {}, {Element::integer(a->i)});
  }
  if (const Attribute* a = call.node.attribute("value_float"); a != nullptr) {
    return call.make(0, TENON_FLOAT32, {}, {Element::real(static_cast<double>(a->f))});
  }
  std::vector<Element> elements;
  if (const Attribute* a = call.node.attribute("value_ints"); a != nullptr && a->ints.size() <= 4096) {
    for (int64_t i : a->ints) {
      elements.push_back(Element::integer(i));
    }
    return call.make(0, TENON_INT64, {static_cast<int64_t>(a->ints.size())}, std::move(elements));
  }
  if (const Attribute* a = call.node.attribute("value_floats"); a != nullptr && a->floats.size() <= 4096) {
    for (float f : a->floats) {
      elements.push_back(Element::real(static_cast<double>(f)));
    }
    return call.make(0, TENON_FLOAT32, {static_cast<int64_t>(a->floats.size())}, std::move(elements));
  }
  return {};
}

}  // namespace tenon
