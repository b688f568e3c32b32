// SPDX-License-Identifier: Apache-2.0
// tenon_value: a tensor over the caller's memory or over ours.
#pragma once

#include <tenon/tenon.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/memory.hpp"
#include "core/base/status.hpp"

// Immutable apart from the bytes themselves and the count of references.
struct tenon_value {
  std::atomic<uint32_t> references{1};
  tenon_tensor tensor = {};  // dims and strides point into `extents`
  bool wrapped = false;
  std::vector<int64_t> extents;  // dims, then strides where there are some
  tenon::Buffer buffer;          // empty: the caller's memory
};

namespace tenon::api {

// A dense tensor in memory of ours, not zeroed. STRING: `bytes` says how much; other dtypes ignore it.
Result<tenon_value*> make_value(uint32_t dtype, std::span<const int64_t> dims, uint64_t string_bytes);

// Checks a tensor that the caller describes: dtype, rank, dims, strides, and that `bytes` holds it. `what` heads the
// message. Strings are walked. INVALID_TENSOR names what was got and what was expected.
Status check_tensor(const tenon_tensor& tensor, const char* what);

// Bytes that a dense tensor needs; INVALID_TENSOR on overflow, a negative dim or a bad dtype. Not for STRING.
Result<uint64_t> dense_bytes(uint32_t dtype, std::span<const int64_t> dims);

}  // namespace tenon::api
