// SPDX-License-Identifier: Apache-2.0
// Breaks rule 8: asks for the memory of an output that was given.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  tenon_tensor more{};
  more.size = sizeof(more);
  const tenon_tensor& out = output_at(run, 0);
  host()->alloc_output(run->handle, 0, out.dims, out.rank, 0, &more, status);
  return execute(exec, prepared, run, status);
}

SPOILED_PROVIDER { table.execute = spoiled_execute; }
