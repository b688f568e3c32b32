// SPDX-License-Identifier: Apache-2.0
// The one door for host memory of tensors, weights and workspaces: aligned, counted, limited, given back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "core/base/status.hpp"

namespace tenon {

struct MemoryStats {
  uint64_t current = 0;      // bytes asked for and not yet released
  uint64_t peak = 0;         // highest `current` since the start or reset_peak
  uint64_t allocations = 0;  // so far
  uint64_t limit = UINT64_MAX;
  uint64_t cached = 0;  // bytes of released blocks kept for reuse (of the whole process)
};

class Memory;
struct MemoryBooks;

// An owned block. Movable; empty when default constructed. Released to the books it came from, which it keeps alive.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Buffer();
  std::byte* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  friend class Memory;
  Buffer(std::byte* data, uint64_t bytes) : data_(data), bytes_(bytes) {}
  std::byte* data_ = nullptr;
  uint64_t bytes_ = 0;
};

// Books over the process's memory: Memory::process() counts everything; a session makes its own with its own limit,
// whose blocks are counted in both. Any thread. Blocks outlive the Memory that made them without harm.
class Memory {
 public:
  static Memory& process();
  explicit Memory(uint64_t limit = UINT64_MAX);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // At least 1 byte at a multiple of `align` (a power of two up to 1 MiB; default: a cache line), not zeroed. LIMIT
  // when it would pass the limit, OUT_OF_MEMORY when the system has none; `what` names its use in the message.
  Result<Buffer> allocate(uint64_t bytes, uint64_t align = 64, std::string_view what = "a buffer");
  // The same as a bare pointer for release(); NULL on failure.
  void* try_allocate(uint64_t bytes, uint64_t align) noexcept;
  // Of any Memory's try_allocate; NULL is allowed.
  static void release(void* block) noexcept;

  MemoryStats stats() const;
  void reset_peak();
  // Counts from the next allocation on; what is there stays.
  void set_limit(uint64_t bytes);
  // Gives every cached block, and what the C library holds free, back to the system.
  static void trim();

 private:
  friend class Pages;
  MemoryBooks* books_;
};

// A block straight from the system whose size follows its use: what it grows to stays reserved when it shrinks, so that
// going back and forth between sizes costs no system call but for pages touched anew. Not thread-safe.
class Pages {
 public:
  Pages() = default;
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages();
  // Makes room for `bytes`, counted in `memory` instead of what was. Beyond `reserved` it moves and its contents are
  // lost; below, the pages of the rest go back to the system. LIMIT, OUT_OF_MEMORY; then it is as it was, or empty.
  Status resize(Memory& memory, uint64_t bytes, std::string_view what);
  std::byte* data() const { return data_; }  // at a multiple of the page size (4 KiB or more)
  uint64_t bytes() const { return bytes_; }
  uint64_t reserved() const { return reserved_; }  // addresses held

 private:
  void clear();
  std::byte* data_ = nullptr;
  uint64_t bytes_ = 0;
  uint64_t reserved_ = 0;
  MemoryBooks* books_ = nullptr;
};

}  // namespace tenon
