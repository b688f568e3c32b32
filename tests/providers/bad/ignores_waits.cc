// SPDX-License-Identifier: Apache-2.0
// Breaks rule 10: runs at once, whatever it has to wait for.
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

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const int32_t code = execute(exec, prepared, run, status);
  for (uint32_t i = 0; i < run->nsignals; ++i) {
    const auto* point = reinterpret_cast<const tenon_point*>(reinterpret_cast<const char*>(run->signals) +
                                                             size_t{i} * run->point_stride);
    sync_signal(nullptr, point->sync, point->value, status);
  }
  return code;
}

SPOILED_PROVIDER {
  info.features = TENON_FEATURE_ASYNC;
  table.sync_create = sync_create;
  table.sync_wait = sync_wait;
  table.sync_signal = sync_signal;
  table.sync_destroy = sync_destroy;
  table.execute = spoiled_execute;
}
