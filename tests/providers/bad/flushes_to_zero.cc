// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: switches flush-to-zero on in the host's workers.
#include <cfenv>

#include "good.hpp"

using namespace tenon::bad;

static void flush(void*, uint64_t, uint32_t) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8000u);
#else
  std::fesetround(FE_DOWNWARD);
#endif
}

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const int32_t code = execute(exec, prepared, run, status);
  if (code == TENON_OK && run->ninputs != 0) host()->parallel_for(run->task, 4, flush, nullptr);
  return code;
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
