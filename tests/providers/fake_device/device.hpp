// SPDX-License-Identifier: Apache-2.0
// The "hardware" of the fake device: memory behind handles that cannot be dereferenced, timelines that can be poisoned,
// and two queues, each worked by a thread of its own that finishes late on purpose.
#ifndef TESTS_PROVIDERS_FAKE_DEVICE_DEVICE_HPP_
#define TESTS_PROVIDERS_FAKE_DEVICE_DEVICE_HPP_

#include <tenon/provider.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace tenon::fake_device {

// The build makes two of these devices: FAKE_ID, FAKE_KIND (of its timelines) and FAKE_IMPORTS (a mask) tell them
// apart.
inline constexpr uint32_t kTimelineKind = FAKE_KIND;
inline constexpr uint64_t kImportKinds = FAKE_IMPORTS;
inline constexpr uint32_t kQueues = 2;
inline constexpr uint32_t kHostMemory = 0;    // memory kinds, as the device record lists them
inline constexpr uint32_t kDeviceMemory = 1;  // the host has no address
inline constexpr uint32_t kMappedMemory = 2;  // mem_map works
inline constexpr uint64_t kAlignment = 256;   // bytes

/// Device memory. A handle is a number outside of the address space: whoever reads through it crashes at once.
/// Thread-safe.
class Memory {
 public:
  /// `bytes` of kind kDeviceMemory or kMappedMemory, filled with 0xDD.
  tenon_mem* alloc(uint32_t kind, uint64_t bytes, uint64_t align);
  void free(tenon_mem* handle);
  /// Address that only the device's own code may use. Throws when [offset, offset + bytes) is not inside.
  std::byte* at(tenon_mem* handle, uint64_t offset, uint64_t bytes);
  /// Address for the host; throws TENON_UNSUPPORTED unless the memory is of the kind kMappedMemory.
  void* map(tenon_mem* handle);
  void unmap(tenon_mem* handle);

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  struct Block {
    uint32_t kind;
    uint64_t bytes;
    uint32_t mapped;
    std::unique_ptr<std::byte, Free> data;
  };
  Block& find(tenon_mem* handle);

  std::mutex mutex_;
  std::map<uint64_t, Block> blocks_;
  uint64_t next_ = 1;
};

/// A value that only grows, or is poisoned with a code that every later waiter gets. Thread-safe.
class Timeline {
 public:
  void signal(uint64_t value);
  void poison(int32_t code, std::string text);
  /// TENON_OK when reached, TENON_DEADLINE after `timeout_ns` (UINT64_MAX: never), else the code of the poison.
  int32_t wait(uint64_t value, uint64_t timeout_ns, std::string* text);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t value_ = 0;
  int32_t code_ = TENON_OK;
  std::string text_;
};

struct Point {
  std::shared_ptr<Timeline> timeline;
  uint64_t value;
};

/// One piece of work. `work` may throw tenon::plugin::Error: then all signals are poisoned with its code.
struct Job {
  std::vector<Point> waits;
  std::vector<Point> signals;
  uint64_t delay_us;
  std::function<void()> work;
};

/// Work in order, on one thread that is started by the first job and lives as long as the process.
class Queue {
 public:
  void submit(Job job);

 private:
  void loop();
  static void run(Job& job);

  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<Job> jobs_;
  bool started_ = false;
};

/// How calls behave besides what they compute, as the latest session asks for. Thread-safe.
class Manner {
 public:
  void set(uint64_t jitter_us, uint64_t seed, std::string log);
  /// From 0 to jitter_us, drawn anew for each call.
  uint64_t draw_us();
  /// Appends a line to the file `log`, when there is one.
  void note(const std::string& line);

 private:
  std::mutex mutex_;
  uint64_t jitter_us_ = 0;
  std::mt19937_64 random_;
  std::string log_;
};

/// All of it; one a process, never destroyed (its threads may outlive main).
struct Hardware {
  Manner manner;
  Memory memory;
  Queue queues[kQueues];
};
Hardware& hardware();

}  // namespace tenon::fake_device

/// What the host holds of a timeline; jobs under way keep the timeline itself alive.
struct tenon_sync {
  std::shared_ptr<tenon::fake_device::Timeline> timeline;
};

namespace tenon::fake_device {

/// One call of execute or copy.
struct Call {
  const char* what;
  uint32_t queue;
  uint64_t delay_us;
};

/// Queues `work`. Throws TENON_INVALID_ARGUMENT for a point of another provider that this device does not import.
/// Complete on return when the call has no signals, else when they are reached. Throws what the work threw, when it
/// waits for it.
void run_on_queue(const Call& call, const plugin::Records<const tenon_point>& waits,
                  const plugin::Records<const tenon_point>& signals, std::function<void()> work);

}  // namespace tenon::fake_device

#endif  // TESTS_PROVIDERS_FAKE_DEVICE_DEVICE_HPP_
