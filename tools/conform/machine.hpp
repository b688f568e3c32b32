// SPDX-License-Identifier: Apache-2.0
// What this machine is, in the words of a manifest.
#ifndef TOOLS_CONFORM_MACHINE_HPP_
#define TOOLS_CONFORM_MACHINE_HPP_

#include <string_view>

namespace tenon::conform {

/// "x86_64", "aarch64", ...
std::string_view machine_arch();
/// Whether `name` is an instruction set extension that a manifest may ask for, on any architecture.
bool is_known_isa(std::string_view name);
/// Whether this machine's processor and kernel have it, by /proc/cpuinfo.
bool machine_has(std::string_view name);

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_MACHINE_HPP_
