// SPDX-License-Identifier: Apache-2.0
// Breaks rule 11: asks for packed weights of a constant that its region does not have.
#include "good.hpp"

using namespace tenon::bad;

static tenon_pack_request request{7, 0, 64, 64, {"acme/1", 6}, 0, 0};

static int32_t spoiled_compile(tenon_provider_session* session, const tenon_region* region, tenon_task* task,
                               tenon_exec** out, tenon_exec_info* info, tenon_status* status) {
  const int32_t code = compile(session, region, task, out, info, status);
  info->packs = &request;
  info->npacks = 1;
  info->pack_stride = sizeof(request);
  return code;
}

SPOILED_PROVIDER { table.compile = spoiled_compile; }
