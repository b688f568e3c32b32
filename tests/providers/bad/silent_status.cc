// SPDX-License-Identifier: Apache-2.0
// Breaks rule 13: fails and leaves the status as it was.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  (void)self;
  (void)desc;
  (void)out;
  (void)status;
  return TENON_OUT_OF_MEMORY;
}

SPOILED_PROVIDER { table.session_create = spoiled_create; }
