// SPDX-License-Identifier: Apache-2.0
// Add, Sub, Mul, Div, Mod, Max, Min, Neg, Abs, Floor, Ceil, Cast on small tensors. Integers wrap as the dtype does; a
// float32 is computed in double and rounded once, which for one operation gives float32's own result.
#include <algorithm>
#include <cmath>

#include "core/shape/slice_op.hpp"

namespace tenon {
namespace {

using Binary = Element (*)(SliceCall& call, Dtype dtype, Element a, Element b);

// Elementwise with broadcasting over the first two inputs' values.
Status binary(SliceCall& call, const SliceTensor& a, const SliceTensor& b, Binary operation) {
  if (a.dtype != b.dtype) {
    return {};
  }
  const auto dims = broadcast_dims(a.dims, b.dims);
  if (!dims || element_count(*dims).value_or(UINT64_MAX) > kSliceElements) {
    return call.error(dims ? TENON_LIMIT : TENON_RUN, dims ? "too many elements for a tensor that decides shapes"
                                                           : "its inputs' dims do not broadcast");
  }
  const std::vector<uint32_t> from_a = broadcast_indices(a.dims, *dims), from_b = broadcast_indices(b.dims, *dims);
  std::vector<Element> elements;
  elements.reserve(from_a.size());
  for (size_t i = 0; i < from_a.size(); ++i) {
    elements.push_back(wrapped(a.dtype, operation(call, a.dtype, a.elements[from_a[i]], b.elements[from_b[i]])));
  }
  return call.make(0, a.dtype, *dims, std::move(elements));
}

Status binary(SliceCall& call, Binary operation) {
  return call.inputs.size() < 2 ? Status() : binary(call, *call.value(0), *call.value(1), operation);
}

// Max and Min take any number of inputs.
Status fold_inputs(SliceCall& call, Binary operation) {
  call.out[0] = std::make_shared<SliceTensor>(*call.value(0));
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    const SliceTensorPtr so_far = call.out[0];
    call.out[0] = nullptr;
    TENON_RETURN_IF_ERROR(binary(call, *so_far, *call.value(i), operation));
    if (call.out[0] == nullptr) {
      return {};
    }
  }
  return {};
}

template <typename Operation>
Status unary(SliceCall& call, const Operation& operation) {
  const SliceTensor& in = *call.value(0);
  std::vector<Element> elements;
  for (const Element& element : in.elements) {
    elements.push_back(element.known ? wrapped(in.dtype, operation(in.dtype, element)) : Element{});
  }
  return call.make(0, in.dtype, in.dims, std::move(elements));
}

bool is_number(const Element& e, int64_t value, Dtype dtype) {
  return e.known && (slice_real(dtype) ? e.as_real() == static_cast<double>(value) : e.bits == value);
}

int64_t add_wrapping(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t sub_wrapping(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t mul_wrapping(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

Element add(SliceCall& call, Dtype dtype, Element a, Element b) {
  if (a.known && b.known) {
    return slice_real(dtype) ? Element::real(a.as_real() + b.as_real())
                             : Element::integer(add_wrapping(a.bits, b.bits));
  }
  if (!slice_real(dtype) && (is_number(a, 0, dtype) || is_number(b, 0, dtype))) {
    return a.known ? b : a;
  }
  return call.algebra.combine("add", dtype, a, b, true);
}

Element sub(SliceCall& call, Dtype dtype, Element a, Element b) {
  if (a.known && b.known) {
    return slice_real(dtype) ? Element::real(a.as_real() - b.as_real())
                             : Element::integer(sub_wrapping(a.bits, b.bits));
  }
  if (is_number(b, 0, dtype)) {
    return a;
  }
  if (a.symbol != 0 && a == b && !slice_real(dtype)) {
    return Element::integer(0);
  }
  return call.algebra.combine("sub", dtype, a, b, false);
}

Element mul(SliceCall& call, Dtype dtype, Element a, Element b) {
  if (a.known && b.known) {
    return slice_real(dtype) ? Element::real(a.as_real() * b.as_real())
                             : Element::integer(mul_wrapping(a.bits, b.bits));
  }
  if (is_number(a, 1, dtype) || is_number(b, 1, dtype)) {
    return a.known ? b : a;
  }
  if (!slice_real(dtype) && (is_number(a, 0, dtype) || is_number(b, 0, dtype))) {
    return Element::integer(0);
  }
  return call.algebra.combine("mul", dtype, a, b, true);
}

// Integer division truncates; by zero is an error at run time, here simply nothing known.
Element div(SliceCall& call, Dtype dtype, Element a, Element b) {
  if (is_number(b, 1, dtype)) {
    return a;
  }
  if (!a.known || !b.known) {
    return call.algebra.combine("div", dtype, a, b, false);
  }
  if (slice_real(dtype)) {
    return Element::real(a.as_real() / b.as_real());
  }
  if (b.bits == 0) {
    return {};
  }
  if (dtype == TENON_UINT64) {
    return Element::integer(static_cast<int64_t>(static_cast<uint64_t>(a.bits) / static_cast<uint64_t>(b.bits)));
  }
  return Element::integer(b.bits == -1 ? sub_wrapping(0, a.bits) : a.bits / b.bits);
}

// ONNX Mod: the sign of the divisor, or with fmod=1 of the dividend.
Element mod(SliceCall& call, Dtype dtype, Element a, Element b) {
  if (!a.known || !b.known) {
    return call.algebra.combine("mod", dtype, a, b, false);
  }
  if (slice_real(dtype)) {
    return Element::real(std::fmod(a.as_real(), b.as_real()));
  }
  if (b.bits == 0 || dtype == TENON_UINT64) {
    return {};
  }
  int64_t rest = b.bits == -1 ? 0 : a.bits % b.bits;
  if (call.node.int_or("fmod", 0) == 0 && rest != 0 && (rest < 0) != (b.bits < 0)) {
    rest += b.bits;
  }
  return Element::integer(rest);
}

template <bool kMax>
Element extreme(SliceCall& call, Dtype dtype, Element a, Element b) {
  if (!a.known || !b.known) {
    // A size is at least 0, so Max(size, 0 or less) is the size itself.
    const Element& number = a.known ? a : b;
    const Element& other = a.known ? b : a;
    if (kMax && !slice_real(dtype) && number.known && number.bits <= 0 && call.algebra.is_size(other.symbol)) {
      return other;
    }
    return a == b && a.symbol != 0 ? a : call.algebra.combine(kMax ? "max" : "min", dtype, a, b, true);
  }
  if (slice_real(dtype)) {
    const double x = a.as_real(), y = b.as_real();
    return std::isnan(x) || std::isnan(y) ? Element::real(NAN) : Element::real(kMax ? std::max(x, y) : std::min(x, y));
  }
  const bool less =
      dtype == TENON_UINT64 ? static_cast<uint64_t>(a.bits) < static_cast<uint64_t>(b.bits) : a.bits < b.bits;
  return less == kMax ? b : a;
}

Element cast_known(Dtype from, Dtype to, Element element) {
  if (slice_real(from) && !slice_real(to)) {
    const double value = element.as_real();
    if (to == TENON_BOOL) {
      return Element::integer(value != 0);
    }
    // Out of the integer's range the standard defines nothing; such a size cannot be meant.
    if (!(value > -9.2e18 && value < 9.2e18)) {
      return {};
    }
    return wrapped(to, Element::integer(static_cast<int64_t>(value)));
  }
  if (!slice_real(from) && slice_real(to)) {
    if (from == TENON_UINT64 && element.bits < 0) {
      return {};
    }
    // Straight to float32: by way of double a large integer would be rounded twice.
    return to == TENON_FLOAT32 ? Element::real(static_cast<double>(static_cast<float>(element.bits)))
                               : Element::real(static_cast<double>(element.bits));
  }
  return wrapped(to, element);
}

}  // namespace

Status slice_add(SliceCall& call) { return binary(call, add); }
Status slice_sub(SliceCall& call) { return binary(call, sub); }
Status slice_mul(SliceCall& call) { return binary(call, mul); }
Status slice_div(SliceCall& call) { return binary(call, div); }
Status slice_mod(SliceCall& call) { return binary(call, mod); }
Status slice_max(SliceCall& call) { return fold_inputs(call, extreme<true>); }
Status slice_min(SliceCall& call) { return fold_inputs(call, extreme<false>); }

Status slice_neg(SliceCall& call) {
  return unary(call, [](Dtype dtype, Element e) {
    return slice_real(dtype) ? Element::real(-e.as_real()) : Element::integer(sub_wrapping(0, e.bits));
  });
}

Status slice_abs(SliceCall& call) {
  return unary(call, [](Dtype dtype, Element e) {
    if (slice_real(dtype)) {
      return Element::real(std::fabs(e.as_real()));
    }
    return dtype != TENON_UINT64 && e.bits < 0 ? Element::integer(sub_wrapping(0, e.bits)) : e;
  });
}

Status slice_floor(SliceCall& call) {
  return unary(call, [](Dtype, Element e) { return Element::real(std::floor(e.as_real())); });
}

Status slice_ceil(SliceCall& call) {
  return unary(call, [](Dtype, Element e) { return Element::real(std::ceil(e.as_real())); });
}

// ONNX Cast: sizes keep their symbol through INT64; through other types they get one for the cast.
Status slice_cast(SliceCall& call) {
  const SliceTensor& in = *call.value(0);
  const auto to = static_cast<Dtype>(call.node.int_or("to", 0));
  if (!slice_dtype(to)) {
    return {};
  }
  std::vector<Element> elements;
  for (const Element& element : in.elements) {
    if (element.known) {
      elements.push_back(cast_known(in.dtype, to, element));
    } else if (to == in.dtype) {
      elements.push_back(element);
    } else {
      const auto key = static_cast<int64_t>(in.dtype);
      elements.push_back(call.algebra.combine("cast", to, element, Element::integer(key), false));
    }
  }
  return call.make(0, to, in.dims, std::move(elements));
}

}  // namespace tenon
