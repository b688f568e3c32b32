// SPDX-License-Identifier: Apache-2.0
// Breaks rule 4: refuses a host that speaks more minors than it knows.
#include "good.hpp"

using namespace tenon::bad;

static void spoil(tenon_provider&, tenon_provider_info&) {}

extern "C" TENON_EXPORT int32_t tenon_provider_entry_v0(const tenon_host* host, const tenon_host_range* range,
                                                        const tenon_provider** out, tenon_status* status) {
  if (range->max_minor > TENON_ABI_MINOR) return fail(status, TENON_VERSION, "the host speaks more than minor 0");
  return enter(host, range, out, status, BAD_PROVIDER_ID, spoil);
}
