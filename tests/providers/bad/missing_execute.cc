// SPDX-License-Identifier: Apache-2.0
// Breaks rule 2: a required function is NULL.
#include "good.hpp"

using namespace tenon::bad;

SPOILED_PROVIDER { table.execute = nullptr; }
