// SPDX-License-Identifier: Apache-2.0
// What the processor can do and how much of it this process may use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

// Names of the instruction set extensions that processor and operating system both support, as manifests write them:
// x86_64: "sse4_2", "avx", "f16c", "fma", "avx2", "bmi2", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni",
// "avx512_bf16", "avx512_fp16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"; aarch64: "neon", "asimddp", "asimdhp",
// "sve", "sve2", "i8mm", "bf16". Sorted; found once a process.
const std::vector<std::string>& cpu_features();
bool cpu_has(std::string_view feature);
// Every name that cpu_features can return on any architecture: a manifest with another one has a typing error.
bool cpu_feature_known(std::string_view feature);
// "x86_64", "aarch64", ...
std::string_view cpu_arch();

// Processors that this process may use: its affinity mask, cut by the quota of its control group (v1 or v2, rounded
// up). At least 1.
uint32_t usable_cpus();
// What quota `text` of a cpu.max file ("max 100000", "150000 100000") means in whole processors; 0: none.
uint32_t cpus_of_quota(std::string_view text);

}  // namespace tenon
