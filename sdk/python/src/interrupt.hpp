// SPDX-License-Identifier: Apache-2.0
// Ctrl-C during a run. Python's own handler of SIGINT only sets a flag that nobody reads while C code works; so while a
// run is under way on the main thread, a handler of ours stands in front: it cancels the run (safe in a handler, says
// tenon.h) and hands the signal on. No thread watches, nothing is left behind between runs.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <atomic>

#include "common.hpp"

namespace tenon::python {

class InterruptGuard {
 public:
  // Does nothing on other threads than the main one, and where SIGINT is ignored or left to the system.
  explicit InterruptGuard(tenon_run_options* options) {
    if (pthread_self() != imports().main_thread) {
      return;
    }
    struct sigaction ours {};
    ours.sa_handler = &InterruptGuard::handle;
    ours.sa_flags = 0;
    sigemptyset(&ours.sa_mask);
    interrupted_.store(false, std::memory_order_relaxed);
    running_.store(options, std::memory_order_release);
    if (::sigaction(SIGINT, &ours, &before_) != 0) {
      return;
    }
    const bool plain = (before_.sa_flags & SA_SIGINFO) == 0;
    if (!plain || before_.sa_handler == SIG_DFL || before_.sa_handler == SIG_IGN) {
      ::sigaction(SIGINT, &before_, nullptr);
      return;
    }
    next_.store(before_.sa_handler, std::memory_order_release);
    active_ = true;
  }
  ~InterruptGuard() {
    if (active_) {
      ::sigaction(SIGINT, &before_, nullptr);
      running_.store(nullptr, std::memory_order_release);
    }
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  bool interrupted() const { return active_ && interrupted_.load(std::memory_order_acquire); }

 private:
  static void handle(int signal) {
    interrupted_.store(true, std::memory_order_release);
    tenon_run_options_cancel(running_.load(std::memory_order_acquire));
    if (void (*next)(int) = next_.load(std::memory_order_acquire); next != nullptr) {
      next(signal);
    }
  }

  static inline std::atomic<bool> interrupted_{false};
  static inline std::atomic<tenon_run_options*> running_{nullptr};
  static inline std::atomic<void (*)(int)> next_{nullptr};
  struct sigaction before_ {};
  bool active_ = false;
};

}  // namespace tenon::python
