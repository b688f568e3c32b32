// SPDX-License-Identifier: Apache-2.0
// From a placement to instructions: the order of units, the places of values, the copies at borders.
#pragma once

#include <map>
#include <vector>

#include "core/sched/program.hpp"

namespace tenon {

// By region: one rule for each of the claim's inputs, then one for each of its outputs.
using AgreedRules = std::vector<std::vector<ValueRule>>;

// Chooses one memory kind for each border value: where maker and readers share a memory of their device they keep it
// there, otherwise host memory when the claim allows it.
AgreedRules agree_rules(const Graph& graph, const Placement& placement, const std::vector<Answer>& answers);

// Fills in slots, instructions, inputs, captures, outputs and watched of a program that has graph, shapes, sessions,
// placement, regions and bodies. `bodies`: index in Program::bodies by graph.
Status lower(Program* program, const std::map<const Graph*, uint32_t>& bodies);

}  // namespace tenon
