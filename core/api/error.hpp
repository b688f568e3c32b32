// SPDX-License-Identifier: Apache-2.0
// The border of tenon.h: a Status becomes a code, a caller's record and this thread's error fields; nothing throws.
#pragma once

#include <tenon/tenon.h>

#include <exception>
#include <new>
#include <utility>

#include "core/base/status.hpp"

namespace tenon::api {

// Writes the status to `out` (may be NULL) and keeps the fields of a failure for tenon_last_error_fields.
int32_t finish(const Status& status, tenon_status* out);

// A NULL or otherwise wrong argument of a call.
Status bad_argument(std::string message);

// Runs fn(), a callable that returns Status, and turns what it returns or throws into a code.
template <typename Fn>
int32_t guarded(tenon_status* out, Fn&& fn) {
  try {
    return finish(std::forward<Fn>(fn)(), out);
  } catch (const std::bad_alloc&) {
    return finish(Status(TENON_OUT_OF_MEMORY, "memory for the call could not be allocated"), out);
  } catch (const std::exception& error) {
    return finish(Status(TENON_INTERNAL, std::string("unexpected failure: ") + error.what()), out);
  }
}

}  // namespace tenon::api
