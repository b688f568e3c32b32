// SPDX-License-Identifier: Apache-2.0
// Breaks rule 12: changes the locale.
#include <clocale>

#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  std::setlocale(LC_ALL, "C.UTF-8");
  return session_create(self, desc, out, status);
}

SPOILED_PROVIDER { table.session_create = spoiled_create; }
