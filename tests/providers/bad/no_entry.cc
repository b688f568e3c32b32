// SPDX-License-Identifier: Apache-2.0
// Breaks rule 5: a library without the entry.
#include <tenon/plugin.h>

extern "C" TENON_EXPORT int32_t tenon_provider_entry(void);
int32_t tenon_provider_entry(void) { return TENON_OK; }
