// SPDX-License-Identifier: Apache-2.0
// The host's threads as the kernels see them. A kernel cuts its work into n pieces by shapes alone, so that what it
// computes does not depend on how many threads run them.
#ifndef TENON_CPU_KERNELS_PARALLEL_HPP_
#define TENON_CPU_KERNELS_PARALLEL_HPP_

#include <tenon/plugin.h>
#include <tenon/provider/error.hpp>

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace tenon::cpu {

struct Parallel {
  int32_t (*for_each)(tenon_task* task, uint64_t n, void (*fn)(void* arg, uint64_t i, uint32_t worker),
                      void* arg) = nullptr;  // tenon_host.parallel_for; NULL: in this thread
  tenon_task* task = nullptr;
  uint32_t workers = 1;  // bound of `worker`; sizes scratch only

  // Calls body(i, worker) once for each i < n; body must not throw. Returns when all are done; throws Error with
  // TENON_CANCELLED or TENON_DEADLINE when the host stopped early.
  template <class Body>
  void operator()(int64_t n, Body&& body) const {
    if (n <= 1 || for_each == nullptr) {
      for (int64_t i = 0; i < n; ++i) body(i, 0u);
      return;
    }
    using B = std::remove_reference_t<Body>;
    const int32_t code = for_each(
        task, static_cast<uint64_t>(n),
        [](void* arg, uint64_t i, uint32_t worker) { (*static_cast<B*>(arg))(static_cast<int64_t>(i), worker); },
        const_cast<void*>(static_cast<const void*>(&body)));
    if (code != TENON_OK) {
      plugin::fail(code, code == TENON_DEADLINE ? "the run's deadline has passed" : "the run was cancelled");
    }
  }

  // Cuts [0, n) into pieces of `step` and calls body(first, last) for each.
  template <class Body>
  void ranges(int64_t n, int64_t step, Body&& body) const {
    (*this)((n + step - 1) / step, [&](int64_t i, uint32_t) { body(i * step, std::min(n, (i + 1) * step)); });
  }
};

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_PARALLEL_HPP_
