// SPDX-License-Identifier: Apache-2.0
// Breaks rule 8: prepare fills in dims that are not those of the output.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_prepare(tenon_exec* exec, tenon_shapes* shapes, tenon_prepared** out, tenon_prepared_info* info,
                               tenon_status* status) {
  const int32_t code = prepare(exec, shapes, out, info, status);
  if (shapes->outputs->rank != 0) shapes->outputs->dims[0] += 1;
  return code;
}

SPOILED_PROVIDER { table.prepare = spoiled_prepare; }
