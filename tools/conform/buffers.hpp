// SPDX-License-Identifier: Apache-2.0
// Memory that tells when somebody wrote, or read, past its end.
#ifndef TOOLS_CONFORM_BUFFERS_HPP_
#define TOOLS_CONFORM_BUFFERS_HPP_

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenon::conform {

/// How a buffer is laid out.
enum class Guard {
  bytes,  // 256 known bytes before and after, looked at by damage()
  page,   // its end touches a page that cannot be read or written
};

/// `bytes` bytes at an address that is aligned to `align` and to nothing more, so that a provider that needs more than
/// it asked for is found out. Filled with `fill`. Not copyable; may be moved.
class Buffer {
 public:
  Buffer() = default;
  /// align: a power of two, at most a page. With Guard::page up to align - 1 bytes lie between the end and the page.
  Buffer(uint64_t bytes, uint64_t align, Guard guard, uint8_t fill);
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer();

  std::byte* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }
  /// Where the guard bytes were written, as text; empty when they are whole.
  std::string damage() const;
  /// Nobody may write (or read) any more; a try is a signal 11.
  void make_read_only();
  void make_unreadable();

 private:
  void swap(Buffer& other) noexcept;
  std::byte* map_ = nullptr;
  uint64_t map_bytes_ = 0;
  std::byte* data_ = nullptr;
  uint64_t bytes_ = 0;
  uint64_t before_ = 0;  // guard bytes
  uint64_t after_ = 0;
};

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_BUFFERS_HPP_
