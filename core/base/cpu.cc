// SPDX-License-Identifier: Apache-2.0
#include "core/base/cpu.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace tenon {
namespace {

constexpr std::array kKnown = {"sse4_2",      "avx",      "f16c",     "fma",      "avx2",        "bmi2",
                               "avx512f",     "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16",
                               "avx512_fp16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16",    "neon",
                               "asimddp",     "asimdhp",  "sve",      "sve2",     "i8mm",        "bf16"};

#if defined(__x86_64__)

struct Leaf {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Leaf leaf(uint32_t number, uint32_t sub) {
  Leaf l;
  if (__get_cpuid_count(number, sub, &l.eax, &l.ebx, &l.ecx, &l.edx) == 0) {
    return {};
  }
  return l;
}

// Which register states the operating system saves: without it an extension faults although the processor has it.
uint64_t saved_states() {
  if ((leaf(1, 0).ecx & (1u << 27)) == 0) {  // OSXSAVE
    return 0;
  }
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

std::vector<std::string> detect() {
  const uint64_t states = saved_states();
  const bool ymm = (states & 0x6) == 0x6;
  const bool zmm = (states & 0xE6) == 0xE6;
  const bool tiles = (states & 0x60000) == 0x60000;
  const Leaf one = leaf(1, 0), seven = leaf(7, 0), seven_one = leaf(7, 1);
  const auto bit = [](uint32_t word, int n) { return ((word >> n) & 1) != 0; };
  const std::pair<const char*, bool> all[] = {
      {"sse4_2", bit(one.ecx, 20)},
      {"avx", ymm && bit(one.ecx, 28)},
      {"f16c", ymm && bit(one.ecx, 29)},
      {"fma", ymm && bit(one.ecx, 12)},
      {"avx2", ymm && bit(seven.ebx, 5)},
      {"bmi2", bit(seven.ebx, 8)},
      {"avx512f", zmm && bit(seven.ebx, 16)},
      {"avx512dq", zmm && bit(seven.ebx, 17)},
      {"avx512bw", zmm && bit(seven.ebx, 30)},
      {"avx512vl", zmm && bit(seven.ebx, 31)},
      {"avx512_vnni", zmm && bit(seven.ecx, 11)},
      {"avx512_fp16", zmm && bit(seven.edx, 23)},
      {"avx512_bf16", zmm && bit(seven_one.eax, 5)},
      {"avx_vnni", ymm && bit(seven_one.eax, 4)},
      {"amx_bf16", tiles && bit(seven.edx, 22)},
      {"amx_tile", tiles && bit(seven.edx, 24)},
      {"amx_int8", tiles && bit(seven.edx, 25)},
  };
  std::vector<std::string> names;
  for (const auto& [name, present] : all) {
    if (present) {
      names.emplace_back(name);
    }
  }
  return names;
}

#elif defined(__aarch64__)

std::vector<std::string> detect() {
  const unsigned long one = ::getauxval(AT_HWCAP), two = ::getauxval(AT_HWCAP2);
  std::vector<std::string> names;
  if (one & HWCAP_ASIMD) names.emplace_back("neon");
  if (one & HWCAP_ASIMDDP) names.emplace_back("asimddp");
  if (one & HWCAP_ASIMDHP) names.emplace_back("asimdhp");
  if (one & HWCAP_SVE) names.emplace_back("sve");
  if (two & HWCAP2_SVE2) names.emplace_back("sve2");
  if (two & HWCAP2_I8MM) names.emplace_back("i8mm");
  if (two & HWCAP2_BF16) names.emplace_back("bf16");
  return names;
}

#else

std::vector<std::string> detect() { return {}; }

#endif

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The tightest quota on the way from this process's group up to the root of the hierarchy.
uint32_t quota_upward(const std::string& mount, std::string group, bool v2) {
  uint32_t least = 0;
  for (;;) {
    const std::string folder = mount + group;
    const std::string text =
        v2 ? first_line(folder + "/cpu.max")
           : first_line(folder + "/cpu.cfs_quota_us") + " " + first_line(folder + "/cpu.cfs_period_us");
    const uint32_t cpus = cpus_of_quota(text);
    if (cpus > 0 && (least == 0 || cpus < least)) {
      least = cpus;
    }
    const size_t slash = group.rfind('/');
    if (group.empty() || slash == std::string::npos) {
      return least;
    }
    group.resize(slash);
  }
}

uint32_t quota_cpus() {
  std::ifstream file("/proc/self/cgroup");
  uint32_t least = 0;
  for (std::string line; std::getline(file, line);) {
    // "hierarchy:controllers:path"; v2 has hierarchy 0 and no controllers.
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    std::string group = line.substr(second + 1);
    if (group == "/") {
      group.clear();
    }
    uint32_t cpus = 0;
    if (controllers == ",,") {
      cpus = quota_upward("/sys/fs/cgroup", group, true);
    } else if (controllers.find(",cpu,") != std::string::npos) {
      cpus = quota_upward("/sys/fs/cgroup/cpu", group, false);
    }
    if (cpus > 0 && (least == 0 || cpus < least)) {
      least = cpus;
    }
  }
  return least;
}

uint32_t affinity_cpus() {
  // The kernel's mask may be longer than cpu_set_t: grow until it fits.
  for (size_t words = 16; words <= 1024; words *= 2) {
    std::vector<unsigned long> mask(words, 0);
    const size_t bytes = words * sizeof(unsigned long);
    if (::sched_getaffinity(0, bytes, reinterpret_cast<cpu_set_t*>(mask.data())) == 0) {
      uint32_t n = 0;
      for (unsigned long word : mask) {
        n += static_cast<uint32_t>(__builtin_popcountl(word));
      }
      return n;
    }
  }
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<uint32_t>(online) : 1;
}

}  // namespace

const std::vector<std::string>& cpu_features() {
  static const std::vector<std::string> features = [] {
    std::vector<std::string> names = detect();
    std::sort(names.begin(), names.end());
    return names;
  }();
  return features;
}

bool cpu_has(std::string_view feature) {
  const auto& all = cpu_features();
  return std::find(all.begin(), all.end(), feature) != all.end();
}

bool cpu_feature_known(std::string_view feature) {
  return std::find(kKnown.begin(), kKnown.end(), feature) != kKnown.end();
}

std::string_view cpu_arch() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#elif defined(__riscv) && __riscv_xlen == 64
  return "riscv64";
#else
  return "unknown";
#endif
}

uint32_t cpus_of_quota(std::string_view text) {
  int64_t quota = 0, period = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, quota);
  if (first.ec != std::errc() || first.ptr == end) {
    return 0;  // "max", "-1" is handled below, or nothing there
  }
  const auto second = std::from_chars(first.ptr + 1, end, period);
  if (second.ec != std::errc() || quota <= 0 || period <= 0) {
    return 0;
  }
  return static_cast<uint32_t>(std::min<int64_t>((quota - 1) / period + 1, 1 << 16));
}

uint32_t usable_cpus() {
  const uint32_t mask = std::max(affinity_cpus(), 1u);
  const uint32_t quota = quota_cpus();
  return quota > 0 ? std::min(mask, quota) : mask;
}

}  // namespace tenon
