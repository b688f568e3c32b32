// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: leaves another rounding mode behind.
#include <cfenv>

#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  std::fesetround(FE_UPWARD);
  return execute(exec, prepared, run, status);
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
