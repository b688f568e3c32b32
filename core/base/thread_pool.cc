// SPDX-License-Identifier: Apache-2.0
// How a parallel_for runs: the caller takes a free slot, writes the job into it, opens it, and wakes sleeping threads.
// Threads join an open slot by counting themselves in its state word, take indices from `next`, and count themselves
// out. The caller takes indices too; when none is left it closes the slot (no one can join any more) and waits until
// everybody is out. Slots live as long as the pool, so that a late look at one is harmless.
#include "core/base/thread_pool.hpp"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/cpu.hpp"
#include "core/base/fp_guard.hpp"
#include "core/base/log.hpp"
#include "core/base/time.hpp"

namespace tenon {
namespace {

using Fn = void (*)(void*, uint64_t, uint32_t);

constexpr uint64_t kSpinNs = 30'000;
constexpr uint32_t kOpen = 1u << 31;     // state: the slot can be joined
constexpr uint32_t kWaiting = 1u << 30;  // state: the caller sleeps on it
constexpr uint32_t kMembers = kWaiting - 1;
constexpr uint32_t kSlots = 64;

thread_local bool inside_parallel_for = false;

long futex(std::atomic<uint32_t>* word, int operation, uint32_t value) {
  static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));
  return ::syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), operation | FUTEX_PRIVATE_FLAG, value, nullptr,
                   nullptr, 0);
}

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Counts forks on this process's way down, so that a pool sees that its threads are gone.
std::atomic<uint32_t>& fork_count() {
  static std::atomic<uint32_t> count{0};
  static const int registered =
      ::pthread_atfork(nullptr, nullptr, [] { fork_count().fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(registered);
  return count;
}

struct alignas(64) Slot {
  std::atomic<uint32_t> taken{0};  // by a caller
  std::atomic<uint32_t> state{0};
  // The job; written while the slot is taken and closed, read by members.
  Fn fn = nullptr;
  void* arg = nullptr;
  const Task* task = nullptr;
  uint64_t n = 0;
  uint32_t max_workers = 0;
  std::atomic<uint32_t> next_worker{0};
  alignas(64) std::atomic<uint64_t> next{0};
  std::atomic<int32_t> stopped{TENON_OK};

  // Looked at before joining, only to save the trouble: the numbers may be of another job by now.
  bool worth_joining() const {
    return (state.load(std::memory_order_relaxed) & kOpen) != 0 &&
           next_worker.load(std::memory_order_relaxed) < limit.load(std::memory_order_relaxed) &&
           next.load(std::memory_order_relaxed) < end.load(std::memory_order_relaxed);
  }
  std::atomic<uint32_t> limit{0};  // copies of max_workers and n for worth_joining
  std::atomic<uint64_t> end{0};

  bool join() {
    uint32_t now = state.load(std::memory_order_relaxed);
    while ((now & kOpen) != 0) {
      if (state.compare_exchange_weak(now, now + 1, std::memory_order_acquire, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  void leave() {
    const uint32_t before = state.fetch_sub(1, std::memory_order_release);
    if ((before & kMembers) == 1 && (before & kWaiting) != 0) {
      futex(&state, FUTEX_WAKE, 1);
    }
  }

  // Takes indices until none is left or the task stops. How many are taken at once only saves atomic operations: each
  // is still one call of fn.
  void work(uint32_t worker) {
    uint64_t at = next.load(std::memory_order_relaxed);
    while (at < n) {
      const uint64_t count = std::max<uint64_t>((n - at) / (uint64_t{8} * max_workers), 1);
      if (!next.compare_exchange_weak(at, at + count, std::memory_order_relaxed)) {
        continue;
      }
      for (uint64_t i = at; i < at + count; ++i) {
        if (const int32_t code = should_stop(task); code != TENON_OK) {
          stopped.store(code, std::memory_order_relaxed);
          next.store(n, std::memory_order_relaxed);
          return;
        }
        fn(arg, i, worker);
      }
      at = next.load(std::memory_order_relaxed);
    }
  }

  // By the caller, after its own work: returns when nobody else is in.
  void close_and_wait() {
    uint32_t now = state.fetch_and(~kOpen, std::memory_order_acquire) & ~kOpen;
    const uint64_t start = now == 0 ? 0 : now_ns();
    while ((now & kMembers) != 0) {
      if (now_ns() - start < kSpinNs) {
        for (int i = 0; i < 32; ++i) {
          relax();
        }
        now = state.load(std::memory_order_acquire);
      } else if ((now & kWaiting) == 0) {
        if (state.compare_exchange_weak(now, now | kWaiting, std::memory_order_acquire)) {
          now |= kWaiting;
        }
      } else {
        futex(&state, FUTEX_WAIT, now);
        now = state.load(std::memory_order_acquire);
      }
    }
    state.store(0, std::memory_order_relaxed);
  }
};

int32_t run_inline(const Task* task, uint64_t n, Fn fn, void* arg) {
  const bool outer = inside_parallel_for;
  inside_parallel_for = true;
  int32_t code = TENON_OK;
  for (uint64_t i = 0; i < n; ++i) {
    code = should_stop(task);
    if (code != TENON_OK) {
      break;
    }
    fn(arg, i, 0);
  }
  inside_parallel_for = outer;
  return code;
}

}  // namespace

struct ThreadPool::Impl {
  std::atomic<uint32_t> target{1};   // workers, callers included
  std::atomic<uint32_t> threads{0};  // running ones, of fork generation `generation`
  std::atomic<uint32_t> generation{0};
  std::atomic<uint32_t> starting{0};  // 1 + the fork generation of the thread that starts threads now; 0: nobody
  std::atomic<uint32_t> epoch{0};     // grows with each job; sleepers wait on it
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> ending{false};
  std::vector<pthread_t> handles;  // guarded by `starting`
  Slot slots[kSlots];

  void start_threads();
  void forget_parent();
  void ensure_threads() {
    const uint32_t forks = fork_count().load(std::memory_order_relaxed);
    if (threads.load(std::memory_order_acquire) + 1 < target.load(std::memory_order_relaxed) ||
        generation.load(std::memory_order_relaxed) != forks) {
      start_threads();
    }
  }
  void wake(uint32_t count) {
    epoch.fetch_add(1, std::memory_order_seq_cst);
    if (count > 0 && sleepers.load(std::memory_order_seq_cst) > 0) {
      futex(&epoch, FUTEX_WAKE, count);
    }
  }
  bool help_once();
  void thread_main();
  Slot* take_slot();
  int32_t run(const Task* task, uint64_t n, Fn fn, void* arg);
};

// In a forked child the slots may hold jobs of the parent's threads, which will never end here.
void ThreadPool::Impl::forget_parent() {
  for (Slot& slot : slots) {
    slot.state.store(0, std::memory_order_relaxed);
    slot.taken.store(0, std::memory_order_relaxed);
  }
  sleepers.store(0, std::memory_order_relaxed);
  threads.store(0, std::memory_order_relaxed);
  handles.clear();
}

// One thread does it; others go on with what there is. Never fails: fewer threads only cost time.
void ThreadPool::Impl::start_threads() {
  const uint32_t mine = fork_count().load(std::memory_order_relaxed) + 1;
  uint32_t holder = starting.load(std::memory_order_relaxed);
  if (holder == mine || !starting.compare_exchange_strong(holder, mine, std::memory_order_acquire)) {
    return;  // a holder of an older generation was lost in a fork: its place is taken over
  }
  if (generation.load(std::memory_order_relaxed) != mine - 1) {
    forget_parent();
    generation.store(mine - 1, std::memory_order_release);
  }
  const uint32_t want = target.load(std::memory_order_relaxed) - 1;
  handles.reserve(want);
  // The application's signals are for the application's threads.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  while (threads.load(std::memory_order_relaxed) < want) {
    pthread_t handle;
    const auto entry = [](void* pool) -> void* {
      static_cast<Impl*>(pool)->thread_main();
      return nullptr;
    };
    if (::pthread_create(&handle, nullptr, entry, this) != 0) {
      log_warning("cannot start another worker thread; running with " +
                  std::to_string(threads.load(std::memory_order_relaxed) + 1) + " workers");
      target.store(threads.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      break;
    }
    handles.push_back(handle);
    char name[16];
    std::snprintf(name, sizeof name, "tenon/%zu", handles.size() % 10000);
    ::pthread_setname_np(handle, name);
    threads.fetch_add(1, std::memory_order_release);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  starting.store(0, std::memory_order_release);
}

// Joins one job if there is one; false when there is none.
bool ThreadPool::Impl::help_once() {
  for (Slot& slot : slots) {
    if (!slot.worth_joining() || !slot.join()) {
      continue;
    }
    const uint32_t worker = slot.next_worker.fetch_add(1, std::memory_order_relaxed);
    const bool in = worker < slot.max_workers;
    if (in) {
      slot.work(worker);
    }
    slot.leave();
    if (in) {
      return true;
    }
  }
  return false;
}

void ThreadPool::Impl::thread_main() {
  const FpGuard guard;
  inside_parallel_for = true;  // what runs here is always inside one
  uint64_t idle_since = now_ns();
  while (!ending.load(std::memory_order_acquire)) {
    const uint32_t seen = epoch.load(std::memory_order_seq_cst);
    if (help_once()) {
      idle_since = now_ns();
      continue;
    }
    while (epoch.load(std::memory_order_relaxed) == seen && now_ns() - idle_since < kSpinNs) {
      for (int i = 0; i < 32; ++i) {
        relax();
      }
    }
    if (epoch.load(std::memory_order_relaxed) != seen) {
      continue;
    }
    sleepers.fetch_add(1, std::memory_order_seq_cst);
    while (epoch.load(std::memory_order_seq_cst) == seen && !ending.load(std::memory_order_acquire)) {
      futex(&epoch, FUTEX_WAIT, seen);
    }
    sleepers.fetch_sub(1, std::memory_order_seq_cst);
    idle_since = now_ns();
  }
}

Slot* ThreadPool::Impl::take_slot() {
  for (Slot& slot : slots) {
    uint32_t free = 0;
    if (slot.taken.load(std::memory_order_relaxed) == 0 &&
        slot.taken.compare_exchange_strong(free, 1, std::memory_order_acquire)) {
      return &slot;
    }
  }
  return nullptr;
}

int32_t ThreadPool::Impl::run(const Task* task, uint64_t n, Fn fn, void* arg) {
  ensure_threads();
  // A thread of a forked child that comes while another one is still forgetting the parent must not touch the slots.
  const bool ready = generation.load(std::memory_order_acquire) == fork_count().load(std::memory_order_relaxed);
  const uint32_t most = std::min(task->max_workers, threads.load(std::memory_order_acquire) + 1);
  Slot* slot = ready && most > 1 ? take_slot() : nullptr;
  if (slot == nullptr) {
    return run_inline(task, n, fn, arg);
  }
  slot->fn = fn;
  slot->arg = arg;
  slot->task = task;
  slot->n = n;
  slot->max_workers = most;
  slot->limit.store(most, std::memory_order_relaxed);
  slot->end.store(n, std::memory_order_relaxed);
  slot->next_worker.store(1, std::memory_order_relaxed);
  slot->next.store(0, std::memory_order_relaxed);
  slot->stopped.store(TENON_OK, std::memory_order_relaxed);
  slot->state.store(kOpen, std::memory_order_release);
  wake(static_cast<uint32_t>(std::min<uint64_t>(most - 1, n - 1)));
  inside_parallel_for = true;
  slot->work(0);
  inside_parallel_for = false;
  slot->close_and_wait();
  const int32_t code = slot->stopped.load(std::memory_order_relaxed);
  slot->taken.store(0, std::memory_order_release);
  return code;
}

int32_t should_stop(const Task* task) {
  if (task == nullptr) {
    return TENON_OK;
  }
  if (task->stop != nullptr) {
    if (const int32_t code = task->stop->load(std::memory_order_relaxed); code != TENON_OK) {
      return code;
    }
  }
  return task->deadline_ns != 0 && coarse_now_ns() >= task->deadline_ns ? TENON_DEADLINE : TENON_OK;
}

int32_t parallel_for(const Task* task, uint64_t n, Fn fn, void* arg) {
  if (n <= 1 || task == nullptr || task->pool == nullptr || task->max_workers <= 1 || inside_parallel_for) {
    return run_inline(task, n, fn, arg);
  }
  return task->pool->impl_->run(task, n, fn, arg);
}

uint32_t default_workers() {
  if (const char* text = std::getenv("TENON_NUM_THREADS")) {
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    if (end != text && *end == '\0' && value >= 1 && value <= static_cast<long>(ThreadPool::kMaxWorkers)) {
      return static_cast<uint32_t>(value);
    }
    log_warning("TENON_NUM_THREADS is '" + std::string(text) + "', expected a number from 1 to " +
                std::to_string(ThreadPool::kMaxWorkers) + "; ignored");
  }
  return std::min(usable_cpus(), ThreadPool::kMaxWorkers);
}

std::shared_ptr<ThreadPool> ThreadPool::shared() {
  static std::mutex* const mutex = new std::mutex;
  static std::weak_ptr<ThreadPool>* const holder = new std::weak_ptr<ThreadPool>;
  const std::lock_guard lock(*mutex);
  std::shared_ptr<ThreadPool> pool = holder->lock();
  if (pool == nullptr) {
    pool = std::make_shared<ThreadPool>(default_workers());
    *holder = pool;
  }
  return pool;
}

ThreadPool::ThreadPool(uint32_t workers) : impl_(std::make_unique<Impl>()) {
  impl_->generation.store(fork_count().load(std::memory_order_relaxed), std::memory_order_relaxed);
  reserve(workers);
}

ThreadPool::~ThreadPool() {
  if (impl_->generation.load(std::memory_order_relaxed) != fork_count().load(std::memory_order_relaxed)) {
    return;  // the threads stayed behind in the parent
  }
  impl_->ending.store(true, std::memory_order_release);
  impl_->epoch.fetch_add(1, std::memory_order_seq_cst);
  futex(&impl_->epoch, FUTEX_WAKE, INT32_MAX);
  for (pthread_t handle : impl_->handles) {
    ::pthread_join(handle, nullptr);
  }
}

uint32_t ThreadPool::workers() const { return impl_->target.load(std::memory_order_relaxed); }

void ThreadPool::reserve(uint32_t workers) {
  const uint32_t want = std::clamp(workers, 1u, kMaxWorkers);
  uint32_t now = impl_->target.load(std::memory_order_relaxed);
  while (now < want && !impl_->target.compare_exchange_weak(now, want, std::memory_order_relaxed)) {
  }
}

}  // namespace tenon
