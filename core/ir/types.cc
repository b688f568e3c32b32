// SPDX-License-Identifier: Apache-2.0
#include "core/ir/types.hpp"

#include <algorithm>
#include <array>

namespace tenon {
namespace {

struct DtypeFacts {
  std::string_view name;
  uint32_t bits;
};

// By number.
constexpr std::array<DtypeFacts, TENON_DTYPE_COUNT> kDtypes = {{
    {"undefined", 0},      {"float32", 32},  {"uint8", 8},        {"int8", 8},           {"uint16", 16},
    {"int16", 16},         {"int32", 32},    {"int64", 64},       {"string", 0},         {"bool", 8},
    {"float16", 16},       {"float64", 64},  {"uint32", 32},      {"uint64", 64},        {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16}, {"float8e4m3fn", 8}, {"float8e4m3fnuz", 8}, {"float8e5m2", 8},
    {"float8e5m2fnuz", 8}, {"uint4", 4},     {"int4", 4},         {"float4e2m1", 4},     {"float8e8m0", 8},
    {"uint2", 2},          {"int2", 2},      {"float6e2m3", 6},   {"float6e3m2", 6},
}};

}  // namespace

uint32_t dtype_bits(Dtype dtype) { return dtype < TENON_DTYPE_COUNT ? kDtypes[dtype].bits : 0; }

std::string_view dtype_name(Dtype dtype) { return dtype < TENON_DTYPE_COUNT ? kDtypes[dtype].name : kDtypes[0].name; }

std::optional<Dtype> dtype_from_name(std::string_view name) {
  for (Dtype dtype = 1; dtype < TENON_DTYPE_COUNT; ++dtype) {
    if (kDtypes[dtype].name == name) {
      return dtype;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> dtype_bytes(Dtype dtype, uint64_t elements) {
  const uint64_t bits = dtype_bits(dtype);
  if (bits == 0) {
    return std::nullopt;
  }
  uint64_t total = 0;
  if (bits >= 8) {
    return __builtin_mul_overflow(elements, bits / 8, &total) ? std::nullopt : std::optional<uint64_t>(total);
  }
  return elements / 8 * bits + (elements % 8 * bits + 7) / 8;
}

bool is_static(const Shape& shape) {
  if (!shape) {
    return false;
  }
  for (const Dim& dim : *shape) {
    if (!dim.known()) {
      return false;
    }
  }
  return true;
}

std::optional<uint64_t> element_count(const Shape& shape) {
  if (!is_static(shape)) {
    return std::nullopt;
  }
  std::vector<int64_t> dims;
  for (const Dim& dim : *shape) {
    dims.push_back(dim.size);
  }
  return element_count(dims);
}

std::optional<uint64_t> element_count(const std::vector<int64_t>& dims) {
  return element_count(std::span<const int64_t>(dims));
}

std::optional<uint64_t> element_count(std::span<const int64_t> dims) {
  uint64_t bound = 1, total = 1;
  for (const int64_t dim : dims) {
    if (dim < 0 || __builtin_mul_overflow(bound, std::max<uint64_t>(1, static_cast<uint64_t>(dim)), &bound) ||
        bound > kMaxElements) {
      return std::nullopt;
    }
    total *= static_cast<uint64_t>(dim);
  }
  return total;
}

bool dims_fit(const Shape& shape) {
  std::vector<int64_t> known;
  for (size_t i = 0; shape && i < shape->size(); ++i) {
    if ((*shape)[i].known()) {
      known.push_back((*shape)[i].size);
    }
  }
  return element_count(known).has_value();
}

}  // namespace tenon
