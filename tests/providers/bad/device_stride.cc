// SPDX-License-Identifier: Apache-2.0
// Breaks rule 1: devices writes its records one after another, whatever the stride.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_devices(void*, tenon_device* out, uint32_t, uint32_t cap, uint32_t* n, tenon_status*) {
  *n = 2;
  for (uint32_t i = 0; i < 2 && i < cap; ++i) {
    out[i] = device_record();
    out[i].id = i;
  }
  return TENON_OK;
}

SPOILED_PROVIDER { table.devices = spoiled_devices; }
