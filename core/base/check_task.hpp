// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.hpp"
#include "core/base/thread_pool.hpp"

namespace tenon {

// CANCELLED or DEADLINE when `task` is to stop: "the call ended while " and what was being done. NULL never stops.
inline Status check_task(const Task* task, std::string_view doing) {
  const int32_t code = task == nullptr ? TENON_OK : should_stop(task);
  return code == TENON_OK ? Status() : Status(code, "the call ended while " + std::string(doing));
}

}  // namespace tenon
