// SPDX-License-Identifier: Apache-2.0
// Elements of dense tensors in host memory, moved as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ir/types.hpp"

namespace tenon {

// Of a tensor [outer, axis, inner]: the indices of its axis from `begin` on.
struct AxisRange {
  uint64_t axis = 1;
  uint64_t begin = 0;
};

// Where an axis cuts dims: elements before it (product) and after it. The dims must not overflow.
struct AxisCut {
  uint64_t outer = 1, inner = 1;
};
inline AxisCut cut_at(std::span<const int64_t> dims, size_t axis) {
  AxisCut cut;
  for (size_t i = 0; i < dims.size(); ++i) {
    (i < axis ? cut.outer : cut.inner) *= i == axis ? 1 : static_cast<uint64_t>(dims[i]);
  }
  return cut;
}

// Copies elements `from_index` ... of `from` to `to_index` ... of `to`; elements under 8 bits are one stream of bits.
// Not for strings.
void move_elements(Dtype dtype, const std::byte* from, uint64_t from_index, std::byte* to, uint64_t to_index,
                   uint64_t count);

// Calls move(from_index, to_index, elements) for each run of `count` indices of the axis, from a tensor [outer, a,
// inner] to another that differs in `a` alone.
template <typename Move>
void for_each_run(const AxisCut& cut, const AxisRange& from, const AxisRange& to, uint64_t count, const Move& move) {
  if (count == 0 || cut.inner == 0) {
    return;
  }
  for (uint64_t o = 0; o < cut.outer; ++o) {
    move((o * from.axis + from.begin) * cut.inner, (o * to.axis + to.begin) * cut.inner, count * cut.inner);
  }
}

// Strings of a tensor of `count`, in place.
std::vector<std::string_view> strings_at(const std::byte* data, uint64_t count);
// Bytes of a tensor of these strings, and writing it.
uint64_t strings_bytes(std::span<const std::string_view> strings);
void write_strings(std::span<const std::string_view> strings, std::byte* to);

}  // namespace tenon
