// SPDX-License-Identifier: Apache-2.0
// What of the process a provider must leave as it was [R12].
#ifndef TOOLS_CONFORM_STATE_HPP_
#define TOOLS_CONFORM_STATE_HPP_

#include <cstdint>
#include <string>
#include <vector>

#include "report.hpp"

namespace tenon::conform {

struct ProcessState {
  std::vector<uintptr_t> handlers;  // by signal number
  std::string locale;
  std::string folder;
  uint32_t mask = 0;  // umask
  uint64_t float_state = 0;
  std::vector<std::string> files;  // open descriptors, with what they lead to
  uint32_t threads = 0;
};

ProcessState process_state();
/// The calling thread's rounding mode, flush-to-zero and exception masks, without the sticky flags.
uint64_t float_state();
/// Threads of this process now.
uint32_t count_threads();

/// Reports each difference but threads and files, which have owners of their own.
void compare_states(const ProcessState& before, const ProcessState& after, Reporter& report);
/// Reports descriptors that are open in `after` only.
void compare_files(const ProcessState& before, const ProcessState& after, Reporter& report);

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_STATE_HPP_
