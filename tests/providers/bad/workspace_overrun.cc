// SPDX-License-Identifier: Apache-2.0
// Breaks rule 8: uses more workspace than it asked for.
#include <cstring>

#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_prepare(tenon_exec* exec, tenon_shapes* shapes, tenon_prepared** out, tenon_prepared_info* info,
                               tenon_status* status) {
  const int32_t code = prepare(exec, shapes, out, info, status);
  info->workspace_bytes = 100;
  return code;
}

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  std::memset(run->workspace, 0, 116);
  return execute(exec, prepared, run, status);
}

SPOILED_PROVIDER {
  table.prepare = spoiled_prepare;
  table.execute = spoiled_execute;
}
