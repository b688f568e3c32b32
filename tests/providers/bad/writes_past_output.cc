// SPDX-License-Identifier: Apache-2.0
// Breaks rule 8: writes one element past the end of its output.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const int32_t code = execute(exec, prepared, run, status);
  const tenon_tensor& out = output_at(run, 0);
  if (count(out) > 1) static_cast<float*>(out.data)[count(out)] = 1.0f;
  return code;
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
