// SPDX-License-Identifier: Apache-2.0
// Breaks rule 1: devices writes more records than there is room for.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_devices(void* self, tenon_device* out, uint32_t stride, uint32_t, uint32_t* n,
                               tenon_status* status) {
  return devices(self, out, stride, out != nullptr ? 1 : 0, n, status) == TENON_OK && out != nullptr
             ? devices(self, reinterpret_cast<tenon_device*>(reinterpret_cast<char*>(out) + stride), stride, 1, n,
                       status)
             : TENON_OK;
}

SPOILED_PROVIDER { table.devices = spoiled_devices; }
