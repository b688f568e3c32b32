// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: calls parallel_for inside of parallel_for.
#include "good.hpp"

using namespace tenon::bad;

static void inner(void*, uint64_t, uint32_t) {}
static void outer(void* arg, uint64_t, uint32_t) {
  host()->parallel_for(static_cast<tenon_task*>(arg), 2, inner, nullptr);
}

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const int32_t code = execute(exec, prepared, run, status);
  if (code == TENON_OK) host()->parallel_for(run->task, 1, outer, run->task);
  return code;
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
