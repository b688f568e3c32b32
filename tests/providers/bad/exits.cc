// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: ends the process.
#include <cstdlib>

#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  (void)self;
  (void)desc;
  (void)out;
  (void)status;
  std::_Exit(3);
}

SPOILED_PROVIDER { table.session_create = spoiled_create; }
