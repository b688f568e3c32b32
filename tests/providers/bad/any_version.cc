// SPDX-License-Identifier: Apache-2.0
// Breaks rule 2: accepts every host.
#include "good.hpp"

using namespace tenon::bad;

static void spoil(tenon_provider&, tenon_provider_info&) {}

extern "C" TENON_EXPORT int32_t tenon_provider_entry_v0(const tenon_host* host, const tenon_host_range* range,
                                                        const tenon_provider** out, tenon_status* status) {
  const tenon_host_range fitting{sizeof(fitting), 0, 0, 0, 0, 0, range->features};
  return enter(host, &fitting, out, status, BAD_PROVIDER_ID, spoil);
}
