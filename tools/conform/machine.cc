// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

namespace tenon::conform {

namespace {

constexpr std::string_view kKnown[] = {"sse4_2",      "avx",      "f16c",     "fma",      "avx2",        "bmi2",
                                       "avx512f",     "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16",
                                       "avx512_fp16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16",    "neon",
                                       "asimddp",     "asimdhp",  "sve",      "sve2",     "i8mm",        "bf16"};

/// The flags of the first processor, by the kernel's names, which manifests use too (but for "neon").
std::set<std::string> read_flags() {
  std::set<std::string> out;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    out.insert(std::istream_iterator<std::string>(words), {});
    break;
  }
  if (out.contains("asimd")) out.insert("neon");
  return out;
}

}  // namespace

std::string_view machine_arch() {
  static const std::string arch = [] {
    utsname facts{};
    return uname(&facts) == 0 ? std::string(facts.machine) : std::string();
  }();
  return arch;
}

bool is_known_isa(std::string_view name) {
  return std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown);
}

bool machine_has(std::string_view name) {
  static const std::set<std::string> flags = read_flags();
  return flags.contains(std::string(name));
}

}  // namespace tenon::conform
