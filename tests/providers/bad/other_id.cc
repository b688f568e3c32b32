// SPDX-License-Identifier: Apache-2.0
// Breaks rule 5: its id is not the manifest's.
#include "good.hpp"

using namespace tenon::bad;

SPOILED_PROVIDER { info.id = {"somebody-else", 13}; }
