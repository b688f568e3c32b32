// SPDX-License-Identifier: Apache-2.0
// Breaks rule 2: prepare without prepared_destroy.
#include "good.hpp"

using namespace tenon::bad;

SPOILED_PROVIDER { table.prepared_destroy = nullptr; }
