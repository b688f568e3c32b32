// SPDX-License-Identifier: Apache-2.0
// The floating-point environment of everything that Tenon computes: round to nearest, subnormals kept, no traps.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon {

// Sets that environment for the calling thread and puts the caller's back. Costs a few cycles when it was so already.
class FpGuard {
 public:
  FpGuard() : saved_(read()) {
    if (saved_ != kWanted) {
      write(kWanted);
    }
  }
  ~FpGuard() {
    if (read() != saved_) {
      write(saved_);
    }
  }
  FpGuard(const FpGuard&) = delete;
  FpGuard& operator=(const FpGuard&) = delete;

  // Whether the calling thread's control bits are as wanted (exception flags do not count): false after a provider has
  // changed rounding or flush-to-zero [R12].
  static bool as_wanted() { return (read() & kControl) == (kWanted & kControl); }

 private:
#if defined(__x86_64__)
  static constexpr uint64_t kWanted = 0x1F80;   // MXCSR: all exceptions masked, nearest, no FTZ, no DAZ
  static constexpr uint64_t kControl = 0xFFC0;  // all but the six sticky flags
  static uint64_t read() { return _mm_getcsr(); }
  static void write(uint64_t word) { _mm_setcsr(static_cast<unsigned>(word)); }
#elif defined(__aarch64__)
  static constexpr uint64_t kWanted = 0;  // FPCR: nearest, no FZ, no traps
  static constexpr uint64_t kControl = ~uint64_t{0};
  static uint64_t read() {
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return word;
  }
  static void write(uint64_t word) { __asm__ volatile("msr fpcr, %0" : : "r"(word)); }
#else
  static constexpr uint64_t kWanted = 0;
  static constexpr uint64_t kControl = 0;
  static uint64_t read() { return 0; }
  static void write(uint64_t) {}
#endif
  uint64_t saved_;
};

}  // namespace tenon
