// SPDX-License-Identifier: Apache-2.0
// Breaks rule 17: Relu leaves the elements behind the last whole eight as they are.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const int32_t code = execute(exec, prepared, run, status);
  if (code != TENON_OK || exec->op != kRelu) return code;
  const tenon_tensor& out = output_at(run, 0);
  const int64_t n = count(out);
  for (int64_t i = n / 8 * 8; i < n; ++i) {
    static_cast<float*>(out.data)[i] = static_cast<const float*>(input_at(run, 0).data)[i];
  }
  return code;
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
