// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: cuts a sum by the number of workers.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const int32_t code = execute(exec, prepared, run, status);
  const tenon_tensor& out = output_at(run, 0);
  const int64_t n = count(out);
  if (code != TENON_OK || n < 1000) return code;
  auto* data = static_cast<float*>(out.data);
  const int64_t parts = host()->max_workers(run->task);
  float sum = 0;
  for (int64_t p = 0; p < parts; ++p) {
    float part = 0;
    for (int64_t i = n * p / parts; i < n * (p + 1) / parts; ++i) part += data[i] * 0.1f;
    sum += part;
  }
  data[0] = sum;
  return code;
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
