// SPDX-License-Identifier: Apache-2.0
// Breaks rule 16: does not free what it took from the host.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  host()->alloc(host()->ctx, 100, 64);
  return session_create(self, desc, out, status);
}

SPOILED_PROVIDER { table.session_create = spoiled_create; }
