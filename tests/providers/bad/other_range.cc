// SPDX-License-Identifier: Apache-2.0
// Breaks rule 5: its range of minors is not the manifest's.
#include "good.hpp"

using namespace tenon::bad;

SPOILED_PROVIDER { info.max_minor = 7; }
