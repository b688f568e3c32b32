// SPDX-License-Identifier: Apache-2.0
// What the kernel tests share: random data, and parallel_for in three manners that must all give the same bits.
#ifndef TENON_CPU_KERNELS_TESTING_HPP_
#define TENON_CPU_KERNELS_TESTING_HPP_

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include "kernels/parallel.hpp"

namespace tenon::cpu::testing {

inline std::vector<float> random_floats(int64_t n, uint32_t seed) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<float> dist(-1.0f, 1.0f);
  std::vector<float> out(static_cast<size_t>(n));
  for (float& x : out) x = dist(rng);
  return out;
}

using Fn = void (*)(void*, uint64_t, uint32_t);

// Last index first, the worker's number changing from call to call.
inline Parallel backwards() {
  return {[](tenon_task*, uint64_t n, Fn fn, void* arg) -> int32_t {
            for (uint64_t i = n; i-- > 0;) fn(arg, i, static_cast<uint32_t>(i % 3));
            return TENON_OK;
          },
          nullptr, 3};
}

// Three threads that take the next index.
inline Parallel threaded() {
  return {[](tenon_task*, uint64_t n, Fn fn, void* arg) -> int32_t {
            std::atomic<uint64_t> next = 0;
            const auto work = [&](uint32_t worker) {
              for (uint64_t i = next++; i < n; i = next++) fn(arg, i, worker);
            };
            std::thread a(work, 1u);
            std::thread b(work, 2u);
            work(0);
            a.join();
            b.join();
            return TENON_OK;
          },
          nullptr, 3};
}

inline void expect_near(const std::vector<float>& got, const std::vector<double>& want, double bound,
                        const std::string& what) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], bound) << what << ", element " << i;
}

// run(parallel) returns the result: the same bits however the pieces are ordered.
template <class Run>
std::vector<float> same_bits(Run run, const std::string& what) {
  const std::vector<float> alone = run(Parallel());
  EXPECT_EQ(alone, run(backwards())) << what;
  EXPECT_EQ(alone, run(threaded())) << what;
  return alone;
}

}  // namespace tenon::cpu::testing

#endif  // TENON_CPU_KERNELS_TESTING_HPP_
