// SPDX-License-Identifier: Apache-2.0
// Breaks rule 14: an option has a default outside of its range.
#include "good.hpp"

using namespace tenon::bad;

static int32_t options(void*, const tenon_option_desc** out, uint32_t* stride, uint32_t* n) {
  static const tenon_option_desc level{{"level", 5},   TENON_OPTION_INT, 0, {"9", 1}, 0, 3, nullptr, 0, 0,
                                       {"How hard", 8}};
  *out = &level;
  *stride = sizeof(level);
  *n = 1;
  return TENON_OK;
}

SPOILED_PROVIDER { table.options = options; }
