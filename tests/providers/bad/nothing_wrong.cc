// SPDX-License-Identifier: Apache-2.0
// Breaks no rule: what the others are measured by.
#include "good.hpp"

using namespace tenon::bad;

SPOILED_PROVIDER {}
