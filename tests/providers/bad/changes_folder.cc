// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: changes the current directory.
#include <unistd.h>

#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  if (chdir("/tmp") != 0) return fail(status, TENON_IO, "no /tmp");
  return session_create(self, desc, out, status);
}

SPOILED_PROVIDER { table.session_create = spoiled_create; }
