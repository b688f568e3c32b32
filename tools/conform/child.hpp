// SPDX-License-Identifier: Apache-2.0
// Each check runs in a process of its own: a provider that crashes, hangs or exits fails that check and no other.
#ifndef TOOLS_CONFORM_CHILD_HPP_
#define TOOLS_CONFORM_CHILD_HPP_

#include <functional>
#include <vector>

#include "report.hpp"

namespace tenon::conform {

/// Runs `body` in a forked child and returns what it reported. A crash, a hang longer than `timeout_s` seconds or an
/// exception that comes out of `body` is a failure of `rule`, told with the last step.
std::vector<Finding> run_in_child(uint32_t rule, int timeout_s, const std::function<void(Reporter&)>& body);

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_CHILD_HPP_
