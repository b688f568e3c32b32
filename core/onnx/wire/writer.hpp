// SPDX-License-Identifier: Apache-2.0
// Protobuf's wire format, written: a message is a list of pieces, of which the large ones stay where they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.hpp"

namespace tenon::wire {

class Message {
 public:
  void varint(uint32_t field, uint64_t value);
  void fixed32(uint32_t field, float value);
  void text(uint32_t field, std::string_view value);
  // The same, but nothing for what is empty.
  void text_if(uint32_t field, std::string_view value);
  void message(uint32_t field, Message value);
  // `bytes` bytes at `data`, `times` times: not copied, they must stay until the message is written.
  void data(uint32_t field, const std::byte* data, uint64_t bytes, uint64_t times);

  uint64_t size() const { return size_; }
  // Calls sink(pointer, bytes) for the message's bytes in order, at most a few MB at a time; stops at an error.
  using Sink = std::function<Status(const void*, size_t)>;
  Status write(const Sink& sink) const;

 private:
  struct Piece {
    std::string own;  // empty: `bytes` bytes at `data`, `times` times
    const std::byte* data = nullptr;
    uint64_t bytes = 0;
    uint64_t times = 0;
  };
  std::string& tail();
  void head(uint32_t field, uint32_t type);
  void number(uint64_t value);

  std::vector<Piece> pieces_;
  uint64_t size_ = 0;
};

// The same for bytes alone: `bytes` bytes at `data`, `times` times.
Status write_repeated(const std::byte* data, uint64_t bytes, uint64_t times, const Message::Sink& sink);

}  // namespace tenon::wire
