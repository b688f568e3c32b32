// SPDX-License-Identifier: Apache-2.0
// tenon_run_options: how a call may be stopped.
#pragma once

#include <tenon/tenon.h>

#include <atomic>
#include <cstdint>

#include "core/base/time.hpp"

// Lock-free atomics only: cancel is safe in a signal handler.
struct tenon_run_options {
  std::atomic<uint32_t> references{1};
  std::atomic<int32_t> stop{TENON_OK};
  std::atomic<uint64_t> timeout_ns{0};
  std::atomic<uint32_t> threads{0};

  // On now_ns()'s clock, for a call that begins now; 0: none.
  uint64_t deadline_ns() const {
    const uint64_t timeout = timeout_ns.load(std::memory_order_relaxed);
    const uint64_t now = timeout == 0 ? 0 : tenon::now_ns();
    return timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
  }
};
