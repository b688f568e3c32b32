// SPDX-License-Identifier: Apache-2.0
#include "core/ir/constant.hpp"

#include <cassert>
#include <cstring>
#include <new>
#include <optional>

namespace tenon {
namespace {

constexpr std::align_val_t kAlignment{64};

template <typename T>
int64_t load(const std::byte* data, uint64_t index) {
  T element;
  std::memcpy(&element, data + index * sizeof(T), sizeof(T));
  return static_cast<int64_t>(element);
}

using Loader = int64_t (*)(const std::byte*, uint64_t);

Loader integer_loader(Dtype dtype) {
  switch (dtype) {
    case TENON_BOOL:
    case TENON_UINT8:
      return load<uint8_t>;
    case TENON_INT8:
      return load<int8_t>;
    case TENON_UINT16:
      return load<uint16_t>;
    case TENON_INT16:
      return load<int16_t>;
    case TENON_UINT32:
      return load<uint32_t>;
    case TENON_INT32:
      return load<int32_t>;
    case TENON_UINT64:
    case TENON_INT64:
      return load<int64_t>;
    default:
      return nullptr;
  }
}

}  // namespace

uint64_t Constant::elements() const {
  const std::optional<uint64_t> count = element_count(dims);
  assert(count.has_value());
  return count.value_or(0);
}

uint64_t Constant::full_bytes() const {
  return dtype == TENON_STRING ? bytes : dtype_bytes(dtype, elements()).value_or(0);
}

ConstantPtr make_constant(Dtype dtype, std::vector<int64_t> dims, const void* data, uint64_t bytes) {
  auto constant = std::make_shared<Constant>();
  constant->dtype = dtype;
  constant->dims = std::move(dims);
  constant->bytes = bytes;
  if (bytes > 0) {
    void* copy = ::operator new(bytes, kAlignment);
    constant->owner = std::shared_ptr<const void>(copy, [](void* p) { ::operator delete(p, kAlignment); });
    std::memcpy(copy, data, bytes);
    constant->data = static_cast<const std::byte*>(copy);
  }
  return constant;
}

ConstantPtr make_int64_constant(std::vector<int64_t> dims, const std::vector<int64_t>& values) {
  assert(element_count(dims) == values.size());
  return make_constant(TENON_INT64, std::move(dims), values.data(), values.size() * sizeof(int64_t));
}

bool read_integers(const Constant& constant, std::vector<int64_t>* out, uint64_t limit) {
  const Loader loader = integer_loader(constant.dtype);
  const uint64_t count = constant.elements();
  if (loader == nullptr || count > limit) {
    return false;
  }
  out->clear();
  out->reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const int64_t value = loader(constant.data, constant.splat ? 0 : i);
    if (constant.dtype == TENON_UINT64 && value < 0) {
      return false;
    }
    out->push_back(value);
  }
  return true;
}

bool same_content(const Constant& a, const Constant& b) {
  return a.dtype == b.dtype && a.dims == b.dims && a.splat == b.splat && a.bytes == b.bytes &&
         (a.bytes == 0 || a.data == b.data || std::memcmp(a.data, b.data, a.bytes) == 0);
}

}  // namespace tenon
