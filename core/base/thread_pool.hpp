// SPDX-License-Identifier: Apache-2.0
// The process's worker threads, shared by all sessions, and the task through which callers use them [R12].
#pragma once

#include <tenon/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace tenon {
class ThreadPool;
}

// What the ABI hands to providers as tenon_task: how one call may use the pool and when it must stop. A plain record on
// the caller's stack; it outlives every call that gets it.
struct tenon_task {
  tenon::ThreadPool* pool = nullptr;  // NULL: the calling thread alone
  uint32_t max_workers = 1;           // of one parallel_for, the caller included; at least 1
  uint32_t reserved = 0;
  // TENON_OK while the call may go on, else the code with which it ends (TENON_CANCELLED, ...). NULL: never stops.
  const std::atomic<int32_t>* stop = nullptr;
  uint64_t deadline_ns = 0;  // on now_ns()'s clock; 0: none. Noticed within 4 ms of it
};

namespace tenon {

using Task = ::tenon_task;

// TENON_OK, the task's stop code, or TENON_DEADLINE. NULL: TENON_OK. Costs a load, with a deadline a few.
int32_t should_stop(const Task* task);

// Calls fn(arg, i, worker) exactly once for every i < n, in any order, on the calling thread (as worker 0) and at most
// max_workers - 1 threads of the pool, and returns when all are done. `worker` is below max_workers and unique among
// the calls under way. Allocates nothing. A call from inside an fn runs on its own thread alone. Returns TENON_OK when
// every i was called, else should_stop's code.
int32_t parallel_for(const Task* task, uint64_t n, void (*fn)(void* arg, uint64_t i, uint32_t worker), void* arg);

// The same for a callable: body(uint64_t i, uint32_t worker).
template <typename Body>
int32_t parallel_for(const Task* task, uint64_t n, Body&& body) {
  using Bare = std::remove_reference_t<Body>;
  return parallel_for(
      task, n, [](void* arg, uint64_t i, uint32_t worker) { (*static_cast<Bare*>(arg))(i, worker); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

// Workers when nothing else is asked: TENON_NUM_THREADS (1 to 1024), else usable_cpus().
uint32_t default_workers();

// Threads start with the first parallel_for that can use them, spin for tens of microseconds when they run out of work,
// then sleep in the kernel. A forked child has none of its parent's threads and starts its own in the same way.
class ThreadPool {
 public:
  // The process's pool of default_workers() workers; made at the first call and ended with its last holder.
  static std::shared_ptr<ThreadPool> shared();

  // `workers` counts the calling thread: there are workers - 1 threads. More than kMaxWorkers are cut to that.
  explicit ThreadPool(uint32_t workers);
  // Ends and joins the threads. No parallel_for may be under way.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  static constexpr uint32_t kMaxWorkers = 1024;
  uint32_t workers() const;
  // Grows to at least `workers` (a session that asks for more threads than there are processors). Any thread.
  void reserve(uint32_t workers);

 private:
  friend int32_t parallel_for(const Task*, uint64_t, void (*)(void*, uint64_t, uint32_t), void*);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon
