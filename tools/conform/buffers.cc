// SPDX-License-Identifier: Apache-2.0
#include "buffers.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <tenon/provider/error.hpp>

namespace tenon::conform {

namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kGuardBytes = 256;
constexpr auto kGuardByte = std::byte{0xC7};

uint64_t round_up(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

}  // namespace

Buffer::Buffer(uint64_t bytes, uint64_t align, Guard guard, uint8_t fill) : bytes_(bytes) {
  if (align == 0) align = 1;
  // One page in front for the guard and the odd start, one at the end that can be closed.
  const uint64_t inner = round_up(bytes + 3 * align + 2 * kGuardBytes, kPage) + kPage;
  map_bytes_ = inner + kPage;
  void* map = mmap(nullptr, map_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) throw std::bad_alloc();
  map_ = static_cast<std::byte*>(map);
  const auto address = reinterpret_cast<uint64_t>(map_);
  uint64_t start = 0;
  if (guard == Guard::page) {
    start = (address + inner - bytes) / align * align - address;
    after_ = inner - start - bytes;
    before_ = std::min(start, kGuardBytes);
    mprotect(map_ + inner, kPage, PROT_NONE);
  } else {
    start = round_up(address + kGuardBytes, 2 * align) + align - address;  // an odd multiple of align
    before_ = kGuardBytes;
    after_ = kGuardBytes;
  }
  data_ = map_ + start;
  std::memset(data_ - before_, static_cast<int>(kGuardByte), before_);
  if (bytes != 0) std::memset(data_, fill, bytes);
  std::memset(data_ + bytes, static_cast<int>(kGuardByte), after_);
}

Buffer::~Buffer() {
  if (map_ != nullptr) munmap(map_, map_bytes_);
}

void Buffer::swap(Buffer& other) noexcept {
  std::swap(map_, other.map_);
  std::swap(map_bytes_, other.map_bytes_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(before_, other.before_);
  std::swap(after_, other.after_);
}

std::string Buffer::damage() const {
  for (uint64_t i = 0; i < before_; ++i) {
    if (*(data_ - 1 - i) != kGuardByte) return plugin::cat("byte ", i + 1, " before its start was written");
  }
  for (uint64_t i = 0; i < after_; ++i) {
    if (data_[bytes_ + i] != kGuardByte) return plugin::cat("byte ", i + 1, " past its end was written");
  }
  return {};
}

void Buffer::make_read_only() { mprotect(map_, map_bytes_ - kPage, PROT_READ); }
void Buffer::make_unreadable() { mprotect(map_, map_bytes_, PROT_NONE); }

}  // namespace tenon::conform
