// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: installs a signal handler.
#include <csignal>

#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  std::signal(SIGUSR1, SIG_IGN);
  return session_create(self, desc, out, status);
}

SPOILED_PROVIDER { table.session_create = spoiled_create; }
