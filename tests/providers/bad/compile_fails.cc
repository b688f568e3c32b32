// SPDX-License-Identifier: Apache-2.0
// Breaks rule 7: compile takes claims back with another code than TENON_DECLINED.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_compile(tenon_provider_session*, const tenon_region*, tenon_task*, tenon_exec**,
                               tenon_exec_info*, tenon_status* status) {
  return fail(status, TENON_INTERNAL, "changed my mind");
}

SPOILED_PROVIDER { table.compile = spoiled_compile; }
