// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace tenon {

/// Version of this library as "major.minor.patch"; static storage, any thread.
std::string_view build_version();

/// One line for bug reports: version, compiler and build type; static storage, any thread.
std::string_view build_description();

}  // namespace tenon
