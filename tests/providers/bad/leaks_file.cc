// SPDX-License-Identifier: Apache-2.0
// Breaks rule 16: leaves a file open with each session.
#include <fcntl.h>

#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  if (open("/dev/null", O_RDONLY) < 0) return fail(status, TENON_IO, "no /dev/null");
  return session_create(self, desc, out, status);
}

SPOILED_PROVIDER { table.session_create = spoiled_create; }
