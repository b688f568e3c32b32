// SPDX-License-Identifier: Apache-2.0
// Breaks rule 1: exports a function besides the entry.
#include "good.hpp"

using namespace tenon::bad;

extern "C" TENON_EXPORT int32_t acme_helper(int32_t x) { return x + 1; }

SPOILED_PROVIDER {}
