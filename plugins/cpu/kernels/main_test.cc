// SPDX-License-Identifier: Apache-2.0
// Runs the kernel tests, unless the processor lacks the instructions that this program was compiled for.
#include <gtest/gtest.h>

#include <cstdio>

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
#if defined(__AVX512F__)
  const bool able = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#elif defined(__AVX2__)
  const bool able = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  const bool able = true;
#endif
  if (!able) {
    std::puts("[  SKIPPED ] this processor lacks the instructions of this variant");
    return 0;
  }
  return RUN_ALL_TESTS();
}
