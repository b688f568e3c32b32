// SPDX-License-Identifier: Apache-2.0
// How long a node takes on one core, by a simple model: arithmetic and memory traffic at typical rates.
#ifndef TENON_CPU_COST_HPP_
#define TENON_CPU_COST_HPP_

#include "kernel.hpp"

namespace tenon::cpu {

// Sets claim.est_ns and claim.estimate; a guess when dims of the node are not known.
void estimate(const Node& node, const Value& output, plugin::Claim& claim);

}  // namespace tenon::cpu

#endif  // TENON_CPU_COST_HPP_
