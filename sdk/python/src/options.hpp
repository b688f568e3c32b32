// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <optional>

#include "common.hpp"

namespace tenon::python {

// tenon::RunOptions with what Python reads back. cancel() and reset() may be called by any thread.
class RunControl {
 public:
  void cancel() {
    cancelled_.store(true);
    options_.cancel();
  }
  void reset() {
    cancelled_.store(false);
    options_.reset();
  }
  bool cancelled() const { return cancelled_.load(); }
  std::optional<double> timeout() const { return timeout_; }
  void set_timeout(std::optional<double> seconds);
  uint32_t threads() const { return threads_; }
  void set_threads(uint32_t count) {
    threads_ = count;
    options_.threads(count);
  }
  const RunOptions& options() const { return options_; }
  // After an interrupt that nobody raised for: what the user himself asked for stays.
  void forget_interrupt() {
    if (!cancelled()) {
      options_.reset();
    }
  }

 private:
  RunOptions options_;
  std::atomic<bool> cancelled_{false};
  std::optional<double> timeout_;
  uint32_t threads_ = 0;
};

}  // namespace tenon::python
