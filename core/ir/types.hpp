// SPDX-License-Identifier: Apache-2.0
// What a value is: element type, dims with symbols, and ONNX's non-tensor types.
#pragma once

#include <tenon/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace tenon {

// One of the TENON_<DTYPE> numbers of types.h.
using Dtype = uint32_t;

// Bits of one element: 0 for STRING and UNDEFINED.
uint32_t dtype_bits(Dtype dtype);
// "float32", "int4", ...; "undefined" for what is none.
std::string_view dtype_name(Dtype dtype);
std::optional<Dtype> dtype_from_name(std::string_view name);
inline bool dtype_valid(Dtype dtype) { return dtype > TENON_UNDEFINED && dtype < TENON_DTYPE_COUNT; }
// Bytes of a dense tensor of `elements` elements (sub-byte types rounded up), nullopt on overflow; STRING: nullopt.
std::optional<uint64_t> dtype_bytes(Dtype dtype, uint64_t elements);

// A name for a size that only a run tells; 0: no symbol. Equal symbols are equal sizes. Index into Model::symbols.
using SymbolId = uint32_t;

struct Dim {
  int64_t size = -1;  // >= 0: known
  SymbolId symbol = 0;
  bool known() const { return size >= 0; }
  bool operator==(const Dim&) const = default;
};

// Dims of a tensor, or nothing when not even the rank is known.
using Shape = std::optional<std::vector<Dim>>;

bool is_static(const Shape& shape);
// Bound on the product of a tensor's dims, each 0 taken as 1 [types.h, tenon_tensor]: whoever computes with some of
// them needs no check, nor for their bytes (16 in the widest element).
inline constexpr int64_t kMaxElements = INT64_MAX / 16;
// Product of the dims; nullopt when one is not known, below 0, or when they pass kMaxElements.
std::optional<uint64_t> element_count(const Shape& shape);
std::optional<uint64_t> element_count(std::span<const int64_t> dims);
std::optional<uint64_t> element_count(const std::vector<int64_t>& dims);
// Whether those dims that are known keep within kMaxElements.
bool dims_fit(const Shape& shape);

enum class TypeKind : uint8_t { none, tensor, sparse_tensor, sequence, optional, map };

struct Type {
  TypeKind kind = TypeKind::none;
  Dtype dtype = TENON_UNDEFINED;        // tensor and sparse_tensor: of the elements; map: of the keys
  Shape shape;                          // tensor and sparse_tensor
  std::shared_ptr<const Type> element;  // sequence, optional, map: of what it holds
  bool known() const { return kind != TypeKind::none; }
  bool is_tensor() const { return kind == TypeKind::tensor; }
  static Type tensor(Dtype dtype, Shape shape = std::nullopt) {
    Type type;
    type.kind = TypeKind::tensor;
    type.dtype = dtype;
    type.shape = std::move(shape);
    return type;
  }
};

// When a value's dims are known (DESIGN: shapes).
enum class ShapeClass : uint8_t {
  unknown,   // not analysed yet
  fixed,     // at load ("static")
  symbolic,  // as soon as the graph inputs' dims are
  computed,  // after the shape slice has run
  data,      // only after its node has run
};

}  // namespace tenon
