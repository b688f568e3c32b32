// SPDX-License-Identifier: Apache-2.0
// Breaks rule 8: leaves the last element of its output as it was.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const tenon_tensor& out = output_at(run, 0);
  const int64_t n = count(out);
  float last = 0;
  if (n > 1) last = static_cast<float*>(out.data)[n - 1];
  const int32_t code = execute(exec, prepared, run, status);
  if (n > 1) static_cast<float*>(out.data)[n - 1] = last;
  return code;
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
