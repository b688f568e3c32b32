// SPDX-License-Identifier: Apache-2.0
#include "core/shape/slice_tensor.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace tenon {
namespace {

template <typename T>
Element load(const std::byte* data, uint64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  if constexpr (std::is_floating_point_v<T>) {
    return Element::real(static_cast<double>(value));
  } else {
    return Element::integer(static_cast<int64_t>(value));
  }
}

template <typename T>
void store(std::byte* data, uint64_t index, const Element& element) {
  T value;
  if constexpr (std::is_floating_point_v<T>) {
    value = static_cast<T>(element.as_real());
  } else {
    value = static_cast<T>(element.bits);
  }
  std::memcpy(data + index * sizeof(T), &value, sizeof(T));
}

// Calls fn.template operator()<T>() with the C++ type of a slice dtype.
template <typename Fn>
auto with_type(Dtype dtype, const Fn& fn) {
  switch (dtype) {
    case TENON_FLOAT32:
      return fn.template operator()<float>();
    case TENON_FLOAT64:
      return fn.template operator()<double>();
    case TENON_INT8:
      return fn.template operator()<int8_t>();
    case TENON_INT16:
      return fn.template operator()<int16_t>();
    case TENON_INT32:
      return fn.template operator()<int32_t>();
    case TENON_UINT8:
    case TENON_BOOL:
      return fn.template operator()<uint8_t>();
    case TENON_UINT16:
      return fn.template operator()<uint16_t>();
    case TENON_UINT32:
      return fn.template operator()<uint32_t>();
    default:
      return fn.template operator()<int64_t>();  // int64, and uint64 by its bits
  }
}

}  // namespace

bool SliceTensor::all_known() const {
  return std::all_of(elements.begin(), elements.end(), [](const Element& e) { return e.known; });
}

bool slice_dtype(Dtype dtype) {
  return (dtype >= TENON_FLOAT32 && dtype <= TENON_BOOL && dtype != TENON_STRING) || dtype == TENON_FLOAT64 ||
         dtype == TENON_UINT32 || dtype == TENON_UINT64;
}

SliceTensorPtr slice_tensor(const Constant& constant, uint64_t limit) {
  const uint64_t count = constant.elements();
  if (!slice_dtype(constant.dtype) || count > limit) {
    return nullptr;
  }
  auto tensor = std::make_shared<SliceTensor>();
  tensor->dtype = constant.dtype;
  tensor->dims = constant.dims;
  tensor->elements.reserve(count);
  with_type(constant.dtype, [&]<typename T>() {
    for (uint64_t i = 0; i < count; ++i) {
      tensor->elements.push_back(load<T>(constant.data, constant.splat ? 0 : i));
    }
  });
  return tensor;
}

ConstantPtr slice_constant(const SliceTensor& tensor) {
  assert(tensor.all_known());
  std::vector<std::byte> bytes(tensor.elements.size() * dtype_bits(tensor.dtype) / 8);
  with_type(tensor.dtype, [&]<typename T>() {
    for (size_t i = 0; i < tensor.elements.size(); ++i) {
      store<T>(bytes.data(), i, tensor.elements[i]);
    }
  });
  return make_constant(tensor.dtype, tensor.dims, bytes.data(), bytes.size());
}

Element wrapped(Dtype dtype, Element element) {
  if (!element.known || dtype == TENON_INT64 || dtype == TENON_UINT64 || dtype == TENON_FLOAT64) {
    return element;
  }
  if (dtype == TENON_BOOL) {
    return Element::integer(element.bits != 0);
  }
  std::byte scratch[8];
  return with_type(dtype, [&]<typename T>() {
    store<T>(scratch, 0, element);
    return load<T>(scratch, 0);
  });
}

Element Algebra::combine(std::string_view op, Dtype dtype, Element a, Element b, bool commutative) {
  const auto open = [](const Element& e) { return !e.known && e.symbol == 0; };
  if (model_ == nullptr || open(a) || open(b)) {
    return {};
  }
  if (commutative && std::tie(b.symbol, b.bits) < std::tie(a.symbol, a.bits)) {
    std::swap(a, b);
  }
  const auto [it, added] = known_.try_emplace(Key(op, dtype, a.bits, a.symbol, b.bits, b.symbol), 0);
  if (added) {
    it->second = model_->fresh_symbol();
    results_.emplace(it->second, true);
  }
  return Element{0, it->second, false};
}

}  // namespace tenon
