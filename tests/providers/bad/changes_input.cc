// SPDX-License-Identifier: Apache-2.0
// Breaks rule 8: works in place on an input.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const int32_t code = execute(exec, prepared, run, status);
  const tenon_tensor& in = input_at(run, 0);
  if (count(in) > 1) static_cast<float*>(in.data)[0] = 7.0f;
  return code;
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
