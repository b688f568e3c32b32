// SPDX-License-Identifier: Apache-2.0
// The graphs that conform offers to a provider: small ones, of common operators, in float32.
#ifndef TOOLS_CONFORM_CASES_HPP_
#define TOOLS_CONFORM_CASES_HPP_

#include <vector>

#include "compiled.hpp"
#include "provider.hpp"

namespace tenon::conform {

/// Single operators with static dims, the same with open dims, chains, empty and scalar tensors, an output whose dims
/// only the data tells.
std::vector<Case> common_cases();

/// One node of each schema of the provider, as far as `infer` answers for float32 inputs of dims [2,3].
std::vector<Case> own_cases(const Provider& provider);

/// Both.
std::vector<Case> all_cases(const Provider& provider);

/// Products and sums large enough to be cut into several parts.
std::vector<Case> large_cases();

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_CASES_HPP_
