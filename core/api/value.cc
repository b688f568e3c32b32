// SPDX-License-Identifier: Apache-2.0
#include "core/api/value.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "core/api/error.hpp"
#include "core/api/text.hpp"
#include "core/base/checked.hpp"
#include "core/ir/types.hpp"

namespace tenon::api {
namespace {

Status tensor_error(const char* what, std::string text, std::string got, std::string expected) {
  return Status(TENON_INVALID_TENSOR, std::string(what) + ": " + text + "; got " + got + ", expected " + expected)
      .with_expectation(std::move(got), std::move(expected));
}

Result<uint64_t> count_elements(std::span<const int64_t> dims, const char* what) {
  for (int64_t dim : dims) {
    if (dim < 0) {
      return tensor_error(what, "a dim is negative", std::to_string(dim), "0 or more");
    }
  }
  const std::optional<uint64_t> count = element_count(dims);
  if (!count) {
    return tensor_error(what, "the product of the dims is too large", "more than " + std::to_string(kMaxElements),
                        "fewer, zeros taken as 1");
  }
  return *count;
}

Status check_strings(const tenon_tensor& tensor, uint64_t elements, const char* what) {
  const CheckedSize table = (CheckedSize(elements) + CheckedSize(1)) * CheckedSize(8);
  if (!table.within(tensor.bytes)) {
    return tensor_error(what, "the offsets of the strings do not fit", std::to_string(tensor.bytes) + " bytes",
                        "at least 8 for each element and 8 more");
  }
  const char* base = static_cast<const char*>(tensor.data);
  const uint64_t room = tensor.bytes - table.value();
  int64_t last = 0;
  for (uint64_t i = 0; i <= elements; ++i) {
    int64_t offset = 0;
    std::memcpy(&offset, base + 8 * i, 8);
    if (offset < last || (i == 0 && offset != 0) || static_cast<uint64_t>(offset) > room) {
      return tensor_error(what, "string offset " + std::to_string(i) + " is wrong", std::to_string(offset),
                          i == 0 ? "0" : "from " + std::to_string(last) + " to " + std::to_string(room));
    }
    last = offset;
  }
  return {};
}

// The bytes that strided elements span after the first one; those before it (negative strides) are the caller's word.
Status check_strides(const tenon_tensor& tensor, std::span<const int64_t> dims, uint32_t bits, const char* what) {
  if (bits < 8) {
    return tensor_error(what, "strides are not allowed for this dtype", std::string(dtype_name(tensor.dtype)),
                        "an element type of at least 8 bits");
  }
  CheckedSize reach(bits / 8);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] > 1 && tensor.strides[i] > 0) {
      reach += CheckedSize::from_signed(dims[i] - 1) * CheckedSize::from_signed(tensor.strides[i]);
    }
  }
  if (!reach.within(tensor.bytes)) {
    return tensor_error(what, "the strides reach past the memory", std::to_string(tensor.bytes) + " bytes",
                        reach.ok() ? std::to_string(reach.value()) : "fewer than 2^64");
  }
  return {};
}

}  // namespace

Result<uint64_t> dense_bytes(uint32_t dtype, std::span<const int64_t> dims) {
  if (!dtype_valid(dtype) || dtype == TENON_STRING) {
    return tensor_error("tensor", "dtype is wrong", std::to_string(dtype), "a numeric dtype of types.h");
  }
  TENON_ASSIGN_OR_RETURN(const uint64_t elements, count_elements(dims, "tensor"));
  const std::optional<uint64_t> bytes = dtype_bytes(dtype, elements);
  if (!bytes) {
    return tensor_error("tensor", "its size overflows", "more than 2^64 bytes", "fewer");
  }
  return *bytes;
}

Status check_tensor(const tenon_tensor& tensor, const char* what) {
  if (tensor.size < sizeof(tenon_tensor)) {
    return tensor_error(what, "size is not set", std::to_string(tensor.size), "sizeof(tenon_tensor)");
  }
  if (!dtype_valid(tensor.dtype)) {
    return tensor_error(what, "dtype is wrong", std::to_string(tensor.dtype), "one of types.h");
  }
  if (tensor.rank > TENON_MAX_RANK || (tensor.rank > 0 && tensor.dims == nullptr)) {
    return tensor_error(what, "rank or dims are wrong", std::to_string(tensor.rank),
                        "at most " + std::to_string(TENON_MAX_RANK) + ", with dims");
  }
  if (tensor.layout.kind != TENON_LAYOUT_DENSE || tensor.memory != nullptr) {
    return tensor_error(what, "it is not dense host memory", "a layout or memory of a device", "neither");
  }
  const std::span<const int64_t> dims(tensor.dims, tensor.rank);
  TENON_ASSIGN_OR_RETURN(const uint64_t elements, count_elements(dims, what));
  if (tensor.data == nullptr && (elements > 0 || tensor.dtype == TENON_STRING)) {
    return tensor_error(what, "data is NULL", "NULL", "an address");
  }
  if (tensor.dtype == TENON_STRING) {
    if (tensor.strides != nullptr) {
      return check_strides(tensor, dims, 0, what);
    }
    return check_strings(tensor, elements, what);
  }
  if (tensor.strides != nullptr && elements > 0) {
    return check_strides(tensor, dims, dtype_bits(tensor.dtype), what);
  }
  const std::optional<uint64_t> bytes = dtype_bytes(tensor.dtype, elements);
  if (!bytes || *bytes > tensor.bytes) {
    return tensor_error(what, "the memory is too small", std::to_string(tensor.bytes) + " bytes",
                        bytes ? std::to_string(*bytes) : "fewer than 2^64");
  }
  return {};
}

Result<tenon_value*> make_value(uint32_t dtype, std::span<const int64_t> dims, uint64_t string_bytes,
                                const std::shared_ptr<OutputPool>& pool) {
  uint64_t bytes = string_bytes;
  if (dtype != TENON_STRING) {
    TENON_ASSIGN_OR_RETURN(bytes, dense_bytes(dtype, dims));
  }
  auto value = std::make_unique<tenon_value>();
  value->extents.assign(dims.begin(), dims.end());
  if (pool != nullptr && bytes >= OutputPool::kFrom) {
    TENON_ASSIGN_OR_RETURN(value->buffer, pool->take(bytes));
    value->pool = pool;
  } else if (bytes > 0) {
    TENON_ASSIGN_OR_RETURN(value->buffer, Memory::process().allocate(bytes, 64, "a value"));
  }
  tenon_tensor& tensor = value->tensor;
  tensor.size = sizeof tensor;
  tensor.dtype = dtype;
  tensor.rank = static_cast<uint32_t>(dims.size());
  tensor.dims = value->extents.data();
  tensor.bytes = bytes;
  tensor.data = value->buffer.data();
  return value.release();
}

}  // namespace tenon::api

using tenon::CheckedSize;
using tenon::Status;
using tenon::api::bad_argument;
using tenon::api::guarded;

namespace {

Status wrap(const tenon_tensor& given, tenon_value** out) {
  TENON_RETURN_IF_ERROR(tenon::api::check_tensor(given, "tenon_value_wrap"));
  auto value = std::make_unique<tenon_value>();
  value->wrapped = true;
  value->extents.assign(given.dims, given.dims + given.rank);
  if (given.strides != nullptr) {
    value->extents.insert(value->extents.end(), given.strides, given.strides + given.rank);
  }
  value->tensor = given;
  value->tensor.size = sizeof(tenon_tensor);
  value->tensor.dims = value->extents.data();
  value->tensor.strides = given.strides == nullptr ? nullptr : value->extents.data() + given.rank;
  *out = value.release();
  return {};
}

Status create_strings(const tenon_string* strings, std::span<const int64_t> dims, tenon_value** out) {
  const std::optional<uint64_t> count = tenon::element_count(dims);
  CheckedSize bytes = (CheckedSize(count.value_or(0)) + CheckedSize(1)) * CheckedSize(8);
  if (!count || (*count > 0 && strings == nullptr)) {
    return bad_argument("tenon_value_create_strings: dims are negative or too large, or strings is NULL");
  }
  for (uint64_t i = 0; i < *count; ++i) {
    if (strings[i].len > 0 && strings[i].data == nullptr) {
      return bad_argument("tenon_value_create_strings: string " + std::to_string(i) + " has a length and no data");
    }
    bytes += CheckedSize(strings[i].len);
  }
  if (!bytes.ok()) {
    return bad_argument("tenon_value_create_strings: the strings are too long");
  }
  TENON_ASSIGN_OR_RETURN(tenon_value * value, tenon::api::make_value(TENON_STRING, dims, bytes.value()));
  char* base = static_cast<char*>(value->tensor.data);
  char* text = base + 8 * (count.value() + 1);
  int64_t offset = 0;
  std::memcpy(base, &offset, 8);
  for (uint64_t i = 0; i < count.value(); ++i) {
    if (strings[i].len > 0) {
      std::memcpy(text + offset, strings[i].data, strings[i].len);
    }
    offset += static_cast<int64_t>(strings[i].len);
    std::memcpy(base + 8 * (i + 1), &offset, 8);
  }
  *out = value;
  return {};
}

}  // namespace

extern "C" {

int32_t tenon_value_wrap(const tenon_tensor* tensor, tenon_value** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (tensor == nullptr || out == nullptr) {
      return bad_argument("tenon_value_wrap: tensor or out is NULL");
    }
    return wrap(*tensor, out);
  });
}

int32_t tenon_value_create(uint32_t dtype, const int64_t* dims, uint32_t rank, tenon_value** out,
                           tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (out == nullptr || rank > TENON_MAX_RANK || (rank > 0 && dims == nullptr)) {
      return bad_argument("tenon_value_create: out or dims is NULL, or rank is above 64");
    }
    if (dtype == TENON_STRING) {
      return bad_argument("tenon_value_create: for strings use tenon_value_create_strings");
    }
    TENON_ASSIGN_OR_RETURN(tenon_value * value, tenon::api::make_value(dtype, {dims, rank}, 0));
    if (value->tensor.bytes > 0) {
      std::memset(value->tensor.data, 0, value->tensor.bytes);
    }
    *out = value;
    return {};
  });
}

int32_t tenon_value_create_strings(const tenon_string* strings, const int64_t* dims, uint32_t rank, tenon_value** out,
                                   tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (out == nullptr || rank > TENON_MAX_RANK || (rank > 0 && dims == nullptr)) {
      return bad_argument("tenon_value_create_strings: out or dims is NULL, or rank is above 64");
    }
    return create_strings(strings, {dims, rank}, out);
  });
}

void tenon_value_retain(tenon_value* value) {
  if (value != nullptr) {
    value->references.fetch_add(1, std::memory_order_relaxed);
  }
}

void tenon_value_release(tenon_value* value) {
  if (value != nullptr && value->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete value;
  }
}

int32_t tenon_value_tensor(const tenon_value* value, tenon_tensor* out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (value == nullptr || out == nullptr || value->kind != TENON_KIND_TENSOR) {
      return bad_argument("tenon_value_tensor: value or out is NULL, or the value is no tensor");
    }
    *out = value->tensor;
    return {};
  });
}

int32_t tenon_value_string(const tenon_value* value, uint64_t index, tenon_string* out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (value == nullptr || out == nullptr || value->kind != TENON_KIND_TENSOR) {
      return bad_argument("tenon_value_string: value or out is NULL, or the value is no tensor");
    }
    const tenon_tensor& tensor = value->tensor;
    uint64_t elements = 1;
    for (uint32_t i = 0; i < tensor.rank; ++i) {
      elements *= static_cast<uint64_t>(tensor.dims[i]);
    }
    if (tensor.dtype != TENON_STRING || index >= elements) {
      return bad_argument("tenon_value_string: element " + std::to_string(index) + " of a tensor of " +
                          std::to_string(elements) + " " + std::string(tenon::dtype_name(tensor.dtype)));
    }
    const char* base = static_cast<const char*>(tensor.data);
    int64_t begin = 0;
    int64_t end = 0;
    std::memcpy(&begin, base + 8 * index, 8);
    std::memcpy(&end, base + 8 * (index + 1), 8);
    *out = {base + 8 * (elements + 1) + begin, static_cast<uint64_t>(end - begin)};
    return {};
  });
}

}  // extern "C"
