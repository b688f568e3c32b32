// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: starts a thread without saying so.
#include <unistd.h>
#include <thread>

#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  static const bool started = [] {
    std::thread([] { sleep(1000); }).detach();
    return true;
  }();
  (void)started;
  return session_create(self, desc, out, status);
}

SPOILED_PROVIDER { table.session_create = spoiled_create; }
