// SPDX-License-Identifier: Apache-2.0
// The functions that the host hands to providers.
#pragma once

#include <tenon/plugin.h>

namespace tenon {

// One for the process, valid as long as it.
const tenon_host& host_table();

}  // namespace tenon
