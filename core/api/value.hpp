// SPDX-License-Identifier: Apache-2.0
// tenon_value: a tensor over the caller's memory or over ours, or what holds such values.
#pragma once

#include <tenon/tenon.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/api/output_pool.hpp"
#include "core/base/memory.hpp"
#include "core/base/status.hpp"
#include "core/structure/object.hpp"

// Immutable apart from the bytes themselves and the count of references.
struct tenon_value {
  tenon_value() = default;
  ~tenon_value();
  tenon_value(const tenon_value&) = delete;
  tenon_value& operator=(const tenon_value&) = delete;

  std::atomic<uint32_t> references{1};
  uint32_t kind = TENON_KIND_TENSOR;
  tenon_tensor tensor = {};  // dims and strides point into `extents`
  bool wrapped = false;
  std::vector<int64_t> extents;                  // dims, then strides where there are some
  tenon::Buffer buffer;                          // of a tensor in memory of its own
  std::shared_ptr<tenon::api::OutputPool> pool;  // where the buffer goes back to; NULL: it is freed
  tenon::ObjectPtr object;                       // of an element of what a run made: keeps the bytes; buffer is empty
  // Of what is no tensor. References that it holds.
  std::vector<tenon_value*> items;
  tenon_value* keys = nullptr;
  uint32_t depth = 0;  // how deep its items are nested; 0: it has none
};

namespace tenon::api {

// For tenon_session_run: the value as a run passes it on, and what a run has made as a value.
// An element in the caller's memory is borrowed, or copied where it has strides. LIMIT, OUT_OF_MEMORY.
Result<ObjectPtr> to_object(tenon_value* value);
Result<tenon_value*> from_object(const ObjectPtr& object);
// "seq(tensor(float32))".
std::string type_text(const tenon_value& value);

// A dense tensor in memory of ours, not zeroed. STRING: `bytes` says how much; other dtypes ignore it.
// Large ones out of `pool`, if there is one.
Result<tenon_value*> make_value(uint32_t dtype, std::span<const int64_t> dims, uint64_t string_bytes,
                                const std::shared_ptr<OutputPool>& pool = nullptr);

// Checks a tensor that the caller describes: dtype, rank, dims, strides, and that `bytes` holds it. `what` heads the
// message. Strings are walked. INVALID_TENSOR names what was got and what was expected.
Status check_tensor(const tenon_tensor& tensor, const char* what);

// Bytes that a dense tensor needs; INVALID_TENSOR on overflow, a negative dim or a bad dtype. Not for STRING.
Result<uint64_t> dense_bytes(uint32_t dtype, std::span<const int64_t> dims);

}  // namespace tenon::api
