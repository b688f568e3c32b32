// SPDX-License-Identifier: Apache-2.0
// Breaks rule 8: reads 64 bytes past the end of its input.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const tenon_tensor& in = input_at(run, 0);
  const volatile float* data = static_cast<const float*>(in.data);
  float sum = 0;
  for (int64_t i = 0; i < 16 && in.bytes != 0; ++i) sum += data[count(in) + i];
  (void)sum;
  return execute(exec, prepared, run, status);
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
