// SPDX-License-Identifier: Apache-2.0
// A constant tensor: where its bytes are, never more copies than asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/ir/types.hpp"

namespace tenon {

// Immutable after construction and shared by pointer between graphs, sessions and threads.
struct Constant {
  Dtype dtype = TENON_UNDEFINED;
  std::vector<int64_t> dims;
  // Little-endian elements as in types.h (STRING: offsets, then bytes), at any address: the mapped model file is not
  // aligned. A splat holds one element (never STRING or sub-byte) that stands for all.
  const std::byte* data = nullptr;
  uint64_t bytes = 0;  // at `data`
  bool splat = false;
  std::shared_ptr<const void> owner;  // keeps `data` alive: a mapping or a buffer
  int fd = -1;                        // of the file that `data` maps at file_offset; -1: `data` is memory
  uint64_t file_offset = 0;

  uint64_t elements() const;    // product of dims (checked when the constant is made)
  uint64_t full_bytes() const;  // as a dense tensor
};

using ConstantPtr = std::shared_ptr<const Constant>;

// A constant over a copy of `bytes` bytes at `data`, 64-byte aligned.
ConstantPtr make_constant(Dtype dtype, std::vector<int64_t> dims, const void* data, uint64_t bytes);
// INT64 values; scalar when `dims` is empty.
ConstantPtr make_int64_constant(std::vector<int64_t> dims, const std::vector<int64_t>& values);
// Reads a small integer or bool constant (INT8..UINT64, BOOL, splat too) as int64; false for other dtypes or when it
// has more than `limit` elements.
bool read_integers(const Constant& constant, std::vector<int64_t>* out, uint64_t limit = 4096);

// Equal dtype, dims, splat or not, and bytes (NaNs by their bits).
bool same_content(const Constant& a, const Constant& b);

}  // namespace tenon
