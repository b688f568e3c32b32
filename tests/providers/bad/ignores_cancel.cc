// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: says that a cancelled run is complete.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const int32_t code = execute(exec, prepared, run, status);
  return code == TENON_CANCELLED || code == TENON_DEADLINE ? TENON_OK : code;
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
