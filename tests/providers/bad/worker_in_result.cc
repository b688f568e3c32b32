// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: what it computes depends on the number of the worker.
#include "good.hpp"

using namespace tenon::bad;

static void add_worker(void* arg, uint64_t i, uint32_t worker) {
  static_cast<float*>(arg)[i] += static_cast<float>(worker);
}

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const int32_t code = execute(exec, prepared, run, status);
  const tenon_tensor& out = output_at(run, 0);
  if (code == TENON_OK && count(out) >= 8) host()->parallel_for(run->task, 8, add_worker, out.data);
  return code;
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
