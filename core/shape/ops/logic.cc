// SPDX-License-Identifier: Apache-2.0
// Equal, Less, Greater and their kin, And, Or, Xor, Not, Where.
#include "core/shape/slice_op.hpp"

namespace tenon {
namespace {

// -1, 0, 1, or 2 when a NaN is among them.
int order(Dtype dtype, const Element& a, const Element& b) {
  if (slice_real(dtype)) {
    const double x = a.as_real(), y = b.as_real();
    return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
  }
  if (dtype == TENON_UINT64) {
    const auto x = static_cast<uint64_t>(a.bits), y = static_cast<uint64_t>(b.bits);
    return x < y ? -1 : x > y;
  }
  return a.bits < b.bits ? -1 : a.bits > b.bits;
}

// Decides by `accept(order)`. A size is at least 0: exporters ask whether one equals -1.
template <typename Accept>
Status compare(SliceCall& call, const Accept& accept) {
  const SliceTensor &a = *call.value(0), &b = *call.value(1);
  const auto dims = broadcast_dims(a.dims, b.dims);
  if (a.dtype != b.dtype || !dims || element_count(*dims).value_or(UINT64_MAX) > kSliceElements) {
    return a.dtype != b.dtype || dims ? Status() : call.error(TENON_RUN, "its inputs' dims do not broadcast");
  }
  const std::vector<uint32_t> from_a = broadcast_indices(a.dims, *dims), from_b = broadcast_indices(b.dims, *dims);
  std::vector<Element> elements;
  for (size_t i = 0; i < from_a.size(); ++i) {
    const Element &x = a.elements[from_a[i]], &y = b.elements[from_b[i]];
    if (x.known && y.known) {
      elements.push_back(Element::integer(accept(order(a.dtype, x, y))));
    } else if (x.symbol != 0 && x == y && !slice_real(a.dtype)) {
      elements.push_back(Element::integer(accept(0)));
    } else if (!slice_real(a.dtype) && y.known && y.bits < 0 && call.algebra.is_size(x.symbol)) {
      elements.push_back(Element::integer(accept(1)));
    } else if (!slice_real(a.dtype) && x.known && x.bits < 0 && call.algebra.is_size(y.symbol)) {
      elements.push_back(Element::integer(accept(-1)));
    } else {
      elements.push_back({});
    }
  }
  return call.make(0, TENON_BOOL, *dims, std::move(elements));
}

template <typename Operation>
Status logic(SliceCall& call, const Operation& operation) {
  const SliceTensor &a = *call.value(0), &b = *call.value(1);
  const auto dims = broadcast_dims(a.dims, b.dims);
  if (!dims || element_count(*dims).value_or(UINT64_MAX) > kSliceElements) {
    return dims ? Status() : call.error(TENON_RUN, "its inputs' dims do not broadcast");
  }
  const std::vector<uint32_t> from_a = broadcast_indices(a.dims, *dims), from_b = broadcast_indices(b.dims, *dims);
  std::vector<Element> elements;
  for (size_t i = 0; i < from_a.size(); ++i) {
    const Element &x = a.elements[from_a[i]], &y = b.elements[from_b[i]];
    elements.push_back(x.known && y.known ? Element::integer(operation(x.bits != 0, y.bits != 0)) : Element{});
  }
  return call.make(0, TENON_BOOL, *dims, std::move(elements));
}

}  // namespace

Status slice_equal(SliceCall& call) {
  return compare(call, [](int o) { return o == 0; });
}
Status slice_less(SliceCall& call) {
  return compare(call, [](int o) { return o == -1; });
}
Status slice_less_or_equal(SliceCall& call) {
  return compare(call, [](int o) { return o == -1 || o == 0; });
}
Status slice_greater(SliceCall& call) {
  return compare(call, [](int o) { return o == 1; });
}
Status slice_greater_or_equal(SliceCall& call) {
  return compare(call, [](int o) { return o == 1 || o == 0; });
}
Status slice_and(SliceCall& call) {
  return logic(call, [](bool a, bool b) { return a && b; });
}
Status slice_or(SliceCall& call) {
  return logic(call, [](bool a, bool b) { return a || b; });
}
Status slice_xor(SliceCall& call) {
  return logic(call, [](bool a, bool b) { return a != b; });
}

Status slice_not(SliceCall& call) {
  const SliceTensor& in = *call.value(0);
  std::vector<Element> elements;
  for (const Element& e : in.elements) {
    elements.push_back(e.known ? Element::integer(e.bits == 0) : Element{});
  }
  return call.make(0, TENON_BOOL, in.dims, std::move(elements));
}

// ONNX Where 9..16. With an open condition an element is still known where both choices are equal.
Status slice_where(SliceCall& call) {
  const SliceTensor &c = *call.value(0), &a = *call.value(1), &b = *call.value(2);
  auto dims = broadcast_dims(a.dims, b.dims);
  dims = dims ? broadcast_dims(c.dims, *dims) : dims;
  if (a.dtype != b.dtype || !dims || element_count(*dims).value_or(UINT64_MAX) > kSliceElements) {
    return a.dtype != b.dtype || dims ? Status() : call.error(TENON_RUN, "its inputs' dims do not broadcast");
  }
  const std::vector<uint32_t> from_c = broadcast_indices(c.dims, *dims), from_a = broadcast_indices(a.dims, *dims),
                              from_b = broadcast_indices(b.dims, *dims);
  std::vector<Element> elements;
  for (size_t i = 0; i < from_c.size(); ++i) {
    const Element &test = c.elements[from_c[i]], &x = a.elements[from_a[i]], &y = b.elements[from_b[i]];
    elements.push_back(test.known ? (test.bits != 0 ? x : y) : x == y ? x : Element{});
  }
  return call.make(0, a.dtype, *dims, std::move(elements));
}

}  // namespace tenon
