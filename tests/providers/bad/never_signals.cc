// SPDX-License-Identifier: Apache-2.0
// Breaks rule 10: never reaches the points that its runs are to signal.
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "good.hpp"

using namespace tenon::bad;

struct tenon_sync {
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t value = 0;
};

static int32_t sync_create(void*, uint32_t, tenon_sync** out, uint32_t* kind, tenon_status*) {
  *out = new tenon_sync;
  *kind = 3;
  return TENON_OK;
}
static int32_t sync_wait(void*, tenon_sync* sync, uint64_t value, uint64_t timeout_ns, tenon_status* status) {
  std::unique_lock lock(sync->mutex);
  const bool reached =
      sync->changed.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [&] { return sync->value >= value; });
  return reached ? TENON_OK : fail(status, TENON_DEADLINE, "not reached in time");
}
static int32_t sync_signal(void*, tenon_sync* sync, uint64_t value, tenon_status*) {
  const std::lock_guard lock(sync->mutex);
  sync->value = value;
  sync->changed.notify_all();
  return TENON_OK;
}
static void sync_destroy(void*, tenon_sync* sync) { delete sync; }

SPOILED_PROVIDER {
  info.features = TENON_FEATURE_ASYNC;
  table.sync_create = sync_create;
  table.sync_wait = sync_wait;
  table.sync_signal = sync_signal;
  table.sync_destroy = sync_destroy;
}
