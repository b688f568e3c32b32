// SPDX-License-Identifier: Apache-2.0
// Breaks rule 2: the size of the table ends before its required functions.
#include "good.hpp"

using namespace tenon::bad;

SPOILED_PROVIDER { table.size = offsetof(tenon_provider, execute); }
