// SPDX-License-Identifier: Apache-2.0
// The one door for time.
#pragma once

#include <time.h>

#include <cstdint>

namespace tenon {

// Nanoseconds of the monotonic clock; about 20 ns a call.
inline uint64_t now_ns() {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000000000u + static_cast<uint64_t>(t.tv_nsec);
}

// The same clock as of its last tick (up to 4 ms old): costs a few loads, for deadlines that are polled often.
inline uint64_t coarse_now_ns() {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000000000u + static_cast<uint64_t>(t.tv_nsec);
}

// Nanoseconds of CPU time that the whole process has used.
inline uint64_t process_cpu_ns() {
  timespec t;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000000000u + static_cast<uint64_t>(t.tv_nsec);
}

}  // namespace tenon
