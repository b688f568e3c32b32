// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace tenon {
namespace {

struct Sink {
  std::shared_mutex mutex;  // held shared during a callback, so that set_log_callback can wait for it
  LogCallback callback = nullptr;
  void* arg = nullptr;
};

// Never destroyed: threads may log while the process ends.
Sink& sink() {
  static Sink* const instance = new Sink;
  return *instance;
}

uint32_t level_from_environment() {
  const char* text = std::getenv("TENON_LOG");
  const std::string_view name = text == nullptr ? "" : text;
  if (name == "off") return 0;
  if (name == "error") return TENON_LOG_ERROR;
  if (name == "info") return TENON_LOG_INFO;
  if (name == "debug") return TENON_LOG_DEBUG;
  return TENON_LOG_WARNING;
}

std::atomic<uint32_t>& level_cell() {
  static std::atomic<uint32_t> level{level_from_environment()};
  return level;
}

thread_local bool in_callback = false;

void write_to_stderr(uint32_t level, std::string_view text) {
  const std::string_view name = log_level_name(level);
  const std::string_view parts[] = {"tenon ", name, ": ", text, "\n"};
  iovec vectors[5];
  for (int i = 0; i < 5; ++i) {
    vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  }
  // One call, so that lines of several threads do not mix. Nothing can be done about a failure.
  [[maybe_unused]] const ssize_t written = ::writev(STDERR_FILENO, vectors, 5);
}

}  // namespace

void set_log_callback(LogCallback callback, void* arg) {
  Sink& to = sink();
  const std::unique_lock lock(to.mutex);
  to.callback = callback;
  to.arg = arg;
}

void set_log_level(uint32_t level) { level_cell().store(level, std::memory_order_relaxed); }

uint32_t log_level() { return level_cell().load(std::memory_order_relaxed); }

const char* log_level_name(uint32_t level) {
  switch (level) {
    case TENON_LOG_ERROR:
      return "error";
    case TENON_LOG_WARNING:
      return "warning";
    case TENON_LOG_INFO:
      return "info";
    case TENON_LOG_DEBUG:
      return "debug";
    default:
      return "log";
  }
}

void log_message(uint32_t level, std::string_view text) {
  if (level > log_level() || in_callback) {
    return;
  }
  Sink& to = sink();
  const std::shared_lock lock(to.mutex);
  if (to.callback == nullptr) {
    write_to_stderr(level, text);
    return;
  }
  in_callback = true;
  to.callback(to.arg, level, text);
  in_callback = false;
}

}  // namespace tenon
