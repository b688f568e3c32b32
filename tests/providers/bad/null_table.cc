// SPDX-License-Identifier: Apache-2.0
// Breaks rule 16: the entry says TENON_OK and gives no table.
#include "good.hpp"

using namespace tenon::bad;

static void spoil(tenon_provider&, tenon_provider_info&) {}

extern "C" TENON_EXPORT int32_t tenon_provider_entry_v0(const tenon_host* host, const tenon_host_range* range,
                                                        const tenon_provider** out, tenon_status* status) {
  const int32_t code = enter(host, range, out, status, BAD_PROVIDER_ID, spoil);
  *out = nullptr;
  return code;
}
