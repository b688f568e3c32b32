// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

namespace tenon::fake_device {

using plugin::Error;
using plugin::fail;
using plugin::require;

namespace {

// Above every address that a process of x86-64 or aarch64 has.
constexpr uint64_t kHandleBase = 0xFA5E'0000'0000'0000;

tenon_mem* to_handle(uint64_t id) { return reinterpret_cast<tenon_mem*>(kHandleBase | id); }
uint64_t to_id(tenon_mem* handle) { return reinterpret_cast<uint64_t>(handle) & ~kHandleBase; }

}  // namespace

Hardware& hardware() {
  static Hardware* const one = new Hardware;
  return *one;
}

tenon_mem* Memory::alloc(uint32_t kind, uint64_t bytes, uint64_t align) {
  require(kind == kDeviceMemory || kind == kMappedMemory, TENON_INVALID_ARGUMENT, "memory kind ", kind,
          ", expected 1 (device) or 2 (mapped)");
  require((align & (align - 1)) == 0 && align <= 1u << 20, TENON_INVALID_ARGUMENT, "alignment ", align,
          ", expected a power of two up to 1 MiB");
  require(bytes <= uint64_t{1} << 40, TENON_OUT_OF_MEMORY, "the device has no ", bytes, " bytes");
  align = std::max(align, kAlignment);
  const uint64_t rounded = (std::max<uint64_t>(bytes, 1) + align - 1) / align * align;
  std::unique_ptr<std::byte, Free> data(static_cast<std::byte*>(std::aligned_alloc(align, rounded)));
  require(data != nullptr, TENON_OUT_OF_MEMORY, "the device has no ", bytes, " bytes");
  std::memset(data.get(), 0xDD, rounded);
  const std::lock_guard lock(mutex_);
  const uint64_t id = next_++;
  blocks_.emplace(id, Block{kind, bytes, 0, std::move(data)});
  return to_handle(id);
}

Memory::Block& Memory::find(tenon_mem* handle) {
  const auto found = blocks_.find(to_id(handle));
  require(found != blocks_.end(), TENON_INVALID_ARGUMENT, "memory handle ", reinterpret_cast<uint64_t>(handle),
          " is not of this device, or was freed");
  return found->second;
}

void Memory::free(tenon_mem* handle) {
  if (handle == nullptr) return;
  const std::lock_guard lock(mutex_);
  require(find(handle).mapped == 0, TENON_INVALID_ARGUMENT, "memory is freed while it is mapped");
  blocks_.erase(to_id(handle));
}

std::byte* Memory::at(tenon_mem* handle, uint64_t offset, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Block& block = find(handle);
  require(offset <= block.bytes && bytes <= block.bytes - offset, TENON_INVALID_ARGUMENT, "bytes ", offset, " to ",
          offset + bytes, " of a memory of ", block.bytes);
  return block.data.get() + offset;
}

void* Memory::map(tenon_mem* handle) {
  const std::lock_guard lock(mutex_);
  Block& block = find(handle);
  require(block.kind == kMappedMemory, TENON_UNSUPPORTED, "memory of the kind 'device' cannot be mapped");
  ++block.mapped;
  return block.data.get();
}

void Memory::unmap(tenon_mem* handle) {
  const std::lock_guard lock(mutex_);
  Block& block = find(handle);
  require(block.mapped != 0, TENON_INVALID_ARGUMENT, "memory is unmapped but was not mapped");
  --block.mapped;
}

void Timeline::signal(uint64_t value) {
  const std::lock_guard lock(mutex_);
  if (code_ != TENON_OK) return;
  value_ = std::max(value_, value);
  changed_.notify_all();
}

void Timeline::poison(int32_t code, std::string text) {
  const std::lock_guard lock(mutex_);
  if (code_ == TENON_OK) {
    code_ = code;
    text_ = std::move(text);
  }
  changed_.notify_all();
}

int32_t Timeline::wait(uint64_t value, uint64_t timeout_ns, std::string* text) {
  std::unique_lock lock(mutex_);
  const auto over = [&] { return value_ >= value || code_ != TENON_OK; };
  if (timeout_ns >= uint64_t{1} << 60) {
    changed_.wait(lock, over);
  } else if (!changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), over)) {
    *text = "the point was not reached in time";
    return TENON_DEADLINE;
  }
  if (value_ >= value) return TENON_OK;
  *text = text_;
  return code_;
}

void Queue::submit(Job job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (!started_) {
    std::thread([this] { loop(); }).detach();
    started_ = true;
  }
  added_.notify_one();
}

void Queue::loop() {
  for (;;) {
    std::unique_lock lock(mutex_);
    added_.wait(lock, [&] { return !jobs_.empty(); });
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    run(job);
  }
}

void Queue::run(Job& job) {
  const auto poison = [&](int32_t code, const std::string& text) {
    for (const Point& s : job.signals) s.timeline->poison(code, text);
  };
  std::string text;
  for (const Point& w : job.waits) {
    const int32_t code = w.timeline->wait(w.value, UINT64_MAX, &text);
    if (code != TENON_OK) return poison(code, text);
  }
  try {
    std::this_thread::sleep_for(std::chrono::microseconds(job.delay_us));
    job.work();
  } catch (const Error& e) {
    return poison(e.code(), e.what());
  } catch (const std::exception& e) {
    return poison(TENON_INTERNAL, e.what());
  }
  for (const Point& s : job.signals) s.timeline->signal(s.value);
}

void Manner::set(uint64_t jitter_us, uint64_t seed, std::string log) {
  const std::lock_guard lock(mutex_);
  jitter_us_ = jitter_us;
  random_.seed(seed);
  log_ = std::move(log);
}

uint64_t Manner::draw_us() {
  const std::lock_guard lock(mutex_);
  return jitter_us_ == 0 ? 0 : random_() % (jitter_us_ + 1);
}

void Manner::note(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (!log_.empty()) std::ofstream(log_, std::ios::app) << line << '\n';
}

namespace {

/// Points of this device's kind, and where `imported` is given of those that it imports, which are counted there.
std::vector<Point> points_of(const plugin::Records<const tenon_point>& points, uint32_t* imported) {
  std::vector<Point> out;
  for (const tenon_point& p : points) {
    const bool foreign = p.kind != kTimelineKind;
    require(!foreign || (imported != nullptr && (kImportKinds >> p.kind & 1) != 0), TENON_INVALID_ARGUMENT,
            "a point of timeline kind ", p.kind, " was passed on, which this device does not import");
    if (foreign) ++*imported;
    out.push_back({p.sync->timeline, p.value});
  }
  return out;
}

}  // namespace

void run_on_queue(const Call& call, const plugin::Records<const tenon_point>& waits,
                  const plugin::Records<const tenon_point>& signals, std::function<void()> work) {
  require(call.queue < kQueues, TENON_INVALID_ARGUMENT, "queue ", call.queue, ", the device has ", kQueues);
  uint32_t imported = 0;
  Hardware& here = hardware();
  Job job{points_of(waits, &imported), points_of(signals, nullptr), call.delay_us + here.manner.draw_us(),
          std::move(work)};
  here.manner.note(plugin::cat(call.what, " queue ", call.queue, " waits ", job.waits.size(), " imported ", imported));
  if (!job.signals.empty()) return here.queues[call.queue].submit(std::move(job));
  const auto done = std::make_shared<Timeline>();
  job.signals.push_back({done, 1});
  here.queues[call.queue].submit(std::move(job));
  std::string text;
  const int32_t code = done->wait(1, UINT64_MAX, &text);
  if (code != TENON_OK) fail(code, text);
}

}  // namespace tenon::fake_device
