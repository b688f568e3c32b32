// SPDX-License-Identifier: Apache-2.0
// What a shared library says about itself before any of its code runs.
#ifndef TOOLS_CONFORM_ELF_HPP_
#define TOOLS_CONFORM_ELF_HPP_

#include <string>
#include <vector>

namespace tenon::conform {

struct ElfFacts {
  std::string error;                 // why the file could not be read; empty when it could
  std::vector<std::string> exports;  // defined dynamic symbols of global or weak binding, without versions' own names
  std::vector<std::string> needed;   // sonames
};

/// Reads a 64-bit little-endian ELF file. Never runs anything of it.
ElfFacts read_elf(const std::string& path);

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_ELF_HPP_
