// SPDX-License-Identifier: Apache-2.0
#include "core/base/thread_pool.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "core/base/fp_guard.hpp"
#include "core/base/time.hpp"

namespace tenon {
namespace {

Task make_task(ThreadPool& pool, uint32_t workers) {
  Task task;
  task.pool = &pool;
  task.max_workers = workers;
  return task;
}

// Sums 1 for each index and fails when one is called twice or a worker number is used by two calls at once.
void check_each_once(const Task& task, uint64_t n) {
  std::vector<std::atomic<int>> calls(n);
  std::vector<std::atomic<int>> busy(task.max_workers);
  std::atomic<bool> shared_worker{false};
  EXPECT_EQ(parallel_for(&task, n,
                         [&](uint64_t i, uint32_t worker) {
                           ASSERT_LT(worker, task.max_workers);
                           if (busy[worker].fetch_add(1) != 0) {
                             shared_worker = true;
                           }
                           calls[i].fetch_add(1);
                           busy[worker].fetch_sub(1);
                         }),
            TENON_OK);
  EXPECT_FALSE(shared_worker);
  for (uint64_t i = 0; i < n; ++i) {
    ASSERT_EQ(calls[i].load(), 1) << i;
  }
}

TEST(ThreadPool, calls_each_index_once) {
  ThreadPool pool(4);
  for (uint32_t workers : {1u, 2u, 3u, 4u, 9u}) {
    for (uint64_t n : {0u, 1u, 2u, 3u, 64u, 1000u, 10007u}) {
      check_each_once(make_task(pool, workers), n);
    }
  }
}

TEST(ThreadPool, serves_many_callers_at_once) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  for (int c = 0; c < 8; ++c) {
    callers.emplace_back([&] {
      for (int k = 0; k < 200; ++k) {
        check_each_once(make_task(pool, 3), 37);
      }
    });
  }
  for (auto& caller : callers) {
    caller.join();
  }
}

TEST(ThreadPool, nested_calls_stay_on_their_thread) {
  ThreadPool pool(4);
  const Task task = make_task(pool, 4);
  std::atomic<int> total{0};
  EXPECT_EQ(parallel_for(&task, 16,
                         [&](uint64_t, uint32_t) {
                           const auto self = std::this_thread::get_id();
                           parallel_for(&task, 10, [&](uint64_t, uint32_t worker) {
                             EXPECT_EQ(worker, 0u);
                             EXPECT_EQ(std::this_thread::get_id(), self);
                             total.fetch_add(1);
                           });
                         }),
            TENON_OK);
  EXPECT_EQ(total.load(), 160);
}

TEST(ThreadPool, a_limit_of_workers_holds) {
  ThreadPool pool(6);
  std::atomic<int> now{0}, most{0};
  const Task task = make_task(pool, 2);
  EXPECT_EQ(parallel_for(&task, 200,
                         [&](uint64_t, uint32_t worker) {
                           EXPECT_LT(worker, 2u);
                           const int inside = now.fetch_add(1) + 1;
                           int seen = most.load();
                           while (seen < inside && !most.compare_exchange_weak(seen, inside)) {
                           }
                           std::this_thread::sleep_for(std::chrono::microseconds(20));
                           now.fetch_sub(1);
                         }),
            TENON_OK);
  EXPECT_LE(most.load(), 2);
}

TEST(ThreadPool, stops_when_cancelled) {
  ThreadPool pool(2);
  for (uint32_t workers : {1u, 2u}) {
    std::atomic<int32_t> stop{TENON_OK};
    Task task = make_task(pool, workers);
    task.stop = &stop;
    std::atomic<uint64_t> calls{0};
    EXPECT_EQ(parallel_for(&task, 1u << 20,
                           [&](uint64_t, uint32_t) {
                             if (calls.fetch_add(1) == 100) {
                               stop = TENON_CANCELLED;
                             }
                           }),
              TENON_CANCELLED);
    EXPECT_LT(calls.load(), 1u << 20);
    EXPECT_EQ(should_stop(&task), TENON_CANCELLED);
  }
}

TEST(ThreadPool, stops_at_the_deadline) {
  ThreadPool pool(2);
  Task task = make_task(pool, 2);
  task.deadline_ns = now_ns() + 20'000'000;
  const uint64_t start = now_ns();
  EXPECT_EQ(parallel_for(&task, 1u << 30,
                         [](uint64_t, uint32_t) { std::this_thread::sleep_for(std::chrono::microseconds(100)); }),
            TENON_DEADLINE);
  EXPECT_GE(now_ns() - start, 15'000'000u);
  EXPECT_LT(now_ns() - start, 5'000'000'000u);
}

TEST(ThreadPool, a_task_without_a_pool_runs_alone) {
  Task task;
  task.max_workers = 8;
  uint64_t sum = 0;
  EXPECT_EQ(parallel_for(&task, 10, [&](uint64_t i, uint32_t worker) { sum += i + worker; }), TENON_OK);
  EXPECT_EQ(sum, 45u);
  EXPECT_EQ(parallel_for(nullptr, 10, [&](uint64_t i, uint32_t) { sum += i; }), TENON_OK);
  EXPECT_EQ(sum, 90u);
}

TEST(ThreadPool, workers_compute_with_round_to_nearest) {
  ThreadPool pool(4);
  const Task task = make_task(pool, 4);
  std::atomic<int> wrong{0};
  EXPECT_EQ(parallel_for(&task, 400, [&](uint64_t, uint32_t) { wrong += FpGuard::as_wanted() ? 0 : 1; }), TENON_OK);
  EXPECT_EQ(wrong.load(), 0);
}

TEST(ThreadPool, grows_on_request) {
  ThreadPool pool(1);
  EXPECT_EQ(pool.workers(), 1u);
  pool.reserve(3);
  EXPECT_EQ(pool.workers(), 3u);
  check_each_once(make_task(pool, 3), 1000);
}

TEST(ThreadPool, the_shared_one_ends_with_its_last_holder) {
  const std::shared_ptr<ThreadPool> one = ThreadPool::shared();
  EXPECT_EQ(one, ThreadPool::shared());
  EXPECT_GE(one->workers(), 1u);
}

TEST(ThreadPool, sleeps_when_idle) {
  ThreadPool pool(4);
  check_each_once(make_task(pool, 4), 1000);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const uint64_t before = process_cpu_ns();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_LT(process_cpu_ns() - before, 5'000'000u);
}

// The child is forked while other threads are inside jobs, so it inherits slots in every state.
TEST(ThreadPool, a_forked_child_has_threads_of_its_own) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizers' allocators are not safe after a fork of a threaded process (gcc 12)";
#else
  ThreadPool pool(3);
  check_each_once(make_task(pool, 3), 100);
  std::atomic<bool> done{false};
  std::vector<std::thread> callers;
  for (int c = 0; c < 2; ++c) {
    callers.emplace_back([&] {
      const Task task = make_task(pool, 3);
      while (!done) {
        parallel_for(&task, 16, [](uint64_t, uint32_t) {});
      }
    });
  }
  for (int k = 0; k < 10; ++k) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::atomic<uint64_t> sum{0};
      std::atomic<uint32_t> seen{0};
      const Task task = make_task(pool, 3);
      const int32_t code = parallel_for(&task, 300, [&](uint64_t i, uint32_t worker) {
        sum += i;
        seen |= 1u << worker;
        ::usleep(200);
      });
      // 300 indices of 200 us: a pool of the child's own has joined in long before the end.
      ::_exit(code == TENON_OK && sum == 44850 && seen != 1 ? 0 : 1);
    }
    int result = 0;
    ASSERT_EQ(::waitpid(child, &result, 0), child);
    EXPECT_TRUE(WIFEXITED(result) && WEXITSTATUS(result) == 0) << result;
  }
  done = true;
  for (auto& caller : callers) {
    caller.join();
  }
#endif
}

}  // namespace
}  // namespace tenon
