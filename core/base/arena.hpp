// SPDX-License-Identifier: Apache-2.0
// Memory for many small plain records that die together.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tenon {

// Bump allocator. Addresses stay valid until the arena dies or is moved into another's place. Not thread-safe. Throws
// std::bad_alloc when there is no memory (sizes here follow from records that already exist in memory).
class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  void* allocate(size_t bytes, size_t align) {
    size_t at = (used_ + align - 1) & ~(align - 1);
    if (blocks_.empty() || at > capacity_ || bytes > capacity_ - at) {
      capacity_ = std::max(bytes, next_);
      next_ = std::min<size_t>(next_ * 2, 1u << 20);
      // operator new aligns for every fundamental type, and nothing here needs more.
      blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(capacity_));
      at = 0;
    }
    used_ = at + bytes;
    return blocks_.back().get() + at;
  }

  // n records, zeroed; NULL when n is 0.
  template <typename T>
  T* make(size_t n = 1) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignof(std::max_align_t));
    if (n == 0) {
      return nullptr;
    }
    if (n > SIZE_MAX / sizeof(T)) {
      throw std::bad_alloc();
    }
    void* at = allocate(n * sizeof(T), alignof(T));
    std::memset(at, 0, n * sizeof(T));
    return static_cast<T*>(at);
  }

  template <typename T>
  T* copy(std::span<const T> from) {
    T* to = make<T>(from.size());
    if (!from.empty()) {
      std::memcpy(to, from.data(), from.size_bytes());
    }
    return to;
  }
  template <typename T>
  T* copy(const std::vector<T>& from) {
    return copy(std::span<const T>(from));
  }

  std::string_view copy(std::string_view text) {
    char* to = static_cast<char*>(allocate(text.size() + 1, 1));
    std::copy(text.begin(), text.end(), to);
    to[text.size()] = '\0';
    return {to, text.size()};
  }

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  size_t capacity_ = 0;  // of the last block
  size_t used_ = 0;      // of the last block
  size_t next_ = 512;    // of the next block: most arenas hold one small region, of which there are thousands
};

}  // namespace tenon
