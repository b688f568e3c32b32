// SPDX-License-Identifier: Apache-2.0
// Breaks rule 13: returns a code that is none.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  (void)self;
  (void)desc;
  (void)out;
  return fail(status, 4242, "our own code");
}

SPOILED_PROVIDER { table.session_create = spoiled_create; }
