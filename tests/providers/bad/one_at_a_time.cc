// SPDX-License-Identifier: Apache-2.0
// Breaks rule 8: keeps intermediate values in memory that all runs of the process share.
#include <unistd.h>
#include <cstring>

#include "good.hpp"

using namespace tenon::bad;

static unsigned char shared[1 << 16];

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const tenon_tensor& out = output_at(run, 0);
  const size_t bytes = out.bytes < sizeof(shared) ? out.bytes : sizeof(shared);
  const int32_t code = execute(exec, prepared, run, status);
  if (code != TENON_OK || bytes == 0) return code;
  std::memcpy(shared, out.data, bytes);
  std::memset(out.data, 0, bytes);
  usleep(300);
  std::memcpy(out.data, shared, bytes);
  std::memset(shared, 0, bytes);
  return code;
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
