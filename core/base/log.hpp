// SPDX-License-Identifier: Apache-2.0
// Messages for people: a level and one line of text, to standard error or to the application's callback.
#pragma once

#include <tenon/plugin.h>  // TENON_LOG_ERROR ... TENON_LOG_DEBUG

#include <cstdint>
#include <string_view>

namespace tenon {

// Process-wide. `text` is one line of UTF-8 without a final newline, valid during the call. May be called by any
// thread, by several at once. It must not call set_log_callback; what it logs itself is dropped.
using LogCallback = void (*)(void* arg, uint32_t level, std::string_view text);

// NULL puts standard error back. Returns when no call of the former callback is under way any more.
void set_log_callback(LogCallback callback, void* arg);
// Messages above `level` are dropped; 0 drops all. Default: what TENON_LOG says (off, error, warning, info, debug),
// else TENON_LOG_WARNING.
void set_log_level(uint32_t level);
uint32_t log_level();
// "warning" for TENON_LOG_WARNING; "log" for what is none.
const char* log_level_name(uint32_t level);

// Never fails and never throws. Any thread.
void log_message(uint32_t level, std::string_view text);
inline void log_error(std::string_view text) { log_message(TENON_LOG_ERROR, text); }
inline void log_warning(std::string_view text) { log_message(TENON_LOG_WARNING, text); }
inline void log_info(std::string_view text) { log_message(TENON_LOG_INFO, text); }
inline void log_debug(std::string_view text) { log_message(TENON_LOG_DEBUG, text); }

}  // namespace tenon
