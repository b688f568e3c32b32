// SPDX-License-Identifier: Apache-2.0
// Memory that only a provider can make, its timelines, and copies between memories [R9] [R10].
#pragma once

#include <tenon/plugin.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "core/base/status.hpp"
#include "core/base/thread_pool.hpp"

namespace tenon {

class Provider;

// An allocation in a provider's memory, freed with this object. Movable. Any thread.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer&& other) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;
  ~DeviceBuffer();

  // UNSUPPORTED when the provider makes no memory; what it answers otherwise, OUT_OF_MEMORY above all. `kind`: index
  // into the device's memory kinds.
  static Result<DeviceBuffer> allocate(Provider& provider, uint32_t device, uint32_t kind, uint64_t bytes,
                                       uint64_t align);
  tenon_mem* memory() const { return memory_; }
  uint64_t bytes() const { return bytes_; }
  explicit operator bool() const { return memory_ != nullptr; }
  // Host address of a HOST_MAPPABLE allocation, valid until unmap; UNSUPPORTED for others.
  Result<void*> map();
  Status unmap();

 private:
  Provider* provider_ = nullptr;  // providers live as long as the process
  tenon_mem* memory_ = nullptr;
  uint64_t bytes_ = 0;
};

// A provider's timeline: starts at 0, only grows, may be poisoned. Any thread.
class Timeline {
 public:
  static Result<std::shared_ptr<Timeline>> create(Provider& provider, uint32_t device);
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  tenon_sync* raw() const { return raw_; }
  Provider& provider() const { return provider_; }
  uint32_t kind() const { return kind_; }  // bit number for tenon_device.import_kinds
  // A value that nobody has been given before: 1, 2, ...
  uint64_t next() { return last_.fetch_add(1, std::memory_order_relaxed) + 1; }
  tenon_point point(uint64_t value) const { return {raw_, value, kind_, 0}; }
  // OK when reached; DEADLINE when timeout_ns (UINT64_MAX: none) passed first; else the code of the poison.
  Status wait(uint64_t value, uint64_t timeout_ns = UINT64_MAX);
  Status signal(uint64_t value);

 private:
  Timeline(Provider& provider, tenon_sync* raw, uint32_t kind) : provider_(provider), raw_(raw), kind_(kind) {}
  Provider& provider_;
  tenon_sync* raw_;
  uint32_t kind_;
  std::atomic<uint64_t> last_{0};
};

// One side of a copy: the tensor and who owns its memory or layout (NULL provider: dense host memory).
struct CopySide {
  const tenon_tensor* tensor;
  Provider* provider = nullptr;
  uint32_t device = 0;
};

// Copies and waits until it is complete. Both host: bytes of dense tensors. One provider: its copy. Two: its copy to a
// host buffer of ours, then the other's from there, since no provider can read another's memory. A provider that is
// asynchronous is waited for on a timeline of its own. Same dtype and dims on both sides (INVALID_ARGUMENT otherwise).
Status copy_now(const CopySide& from, const CopySide& to, Task* task);

// Bytes of a tensor of these dims in a layout: dense by arithmetic, BLOCKED with the last block padded, OPAQUE by the
// provider's layout_bytes. LIMIT on overflow; not for STRING.
Result<uint64_t> layout_bytes(Provider* provider, const tenon_layout& layout, uint32_t dtype, const int64_t* dims,
                              uint32_t rank);

}  // namespace tenon
