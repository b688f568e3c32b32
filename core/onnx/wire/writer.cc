// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/wire/writer.hpp"

#include <algorithm>
#include <cstring>

#include "core/onnx/wire/reader.hpp"

namespace tenon::wire {
namespace {

constexpr uint64_t kChunk = 4u << 20;
constexpr uint64_t kRepeated = 64u << 10;  // of a small element written many times

}  // namespace

std::string& Message::tail() {
  if (pieces_.empty() || pieces_.back().data != nullptr) {
    pieces_.emplace_back();
  }
  return pieces_.back().own;
}

void Message::number(uint64_t value) {
  std::string& to = tail();
  const size_t before = to.size();
  while (value > 127) {
    to.push_back(static_cast<char>((value & 127) | 128));
    value >>= 7;
  }
  to.push_back(static_cast<char>(value));
  size_ += to.size() - before;
}

void Message::head(uint32_t field, uint32_t type) { number(uint64_t{field} << 3 | type); }

void Message::varint(uint32_t field, uint64_t value) {
  head(field, kVarint);
  number(value);
}

void Message::fixed32(uint32_t field, float value) {
  head(field, kFixed32);
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  tail().append(bytes, sizeof(bytes));
  size_ += sizeof(bytes);
}

void Message::text(uint32_t field, std::string_view value) {
  head(field, kDelimited);
  number(value.size());
  tail().append(value);
  size_ += value.size();
}

void Message::text_if(uint32_t field, std::string_view value) {
  if (!value.empty()) {
    text(field, value);
  }
}

void Message::message(uint32_t field, Message value) {
  head(field, kDelimited);
  number(value.size_);
  size_ += value.size_;
  for (Piece& piece : value.pieces_) {
    if (piece.data == nullptr) {
      tail().append(piece.own);
    } else {
      pieces_.push_back(std::move(piece));
    }
  }
}

void Message::data(uint32_t field, const std::byte* data, uint64_t bytes, uint64_t times) {
  head(field, kDelimited);
  number(bytes * times);
  if (bytes * times > 0) {
    pieces_.push_back({{}, data, bytes, times});
    size_ += bytes * times;
  }
}

Status Message::write(const Sink& sink) const {
  for (const Piece& piece : pieces_) {
    TENON_RETURN_IF_ERROR(piece.data == nullptr ? sink(piece.own.data(), piece.own.size())
                                                : write_repeated(piece.data, piece.bytes, piece.times, sink));
  }
  return {};
}

Status write_repeated(const std::byte* data, uint64_t bytes, uint64_t times, const Message::Sink& sink) {
  std::string several;
  uint64_t left = bytes * times;
  if (times > 1 && bytes < kRepeated) {
    const uint64_t fit = std::min(kRepeated / bytes, times);
    for (uint64_t i = 0; i < fit; ++i) {
      several.append(reinterpret_cast<const char*>(data), bytes);
    }
    data = reinterpret_cast<const std::byte*>(several.data());
    bytes = several.size();
  }
  while (left > 0) {
    const uint64_t whole = std::min(left, bytes);
    for (uint64_t at = 0; at < whole; at += kChunk) {
      TENON_RETURN_IF_ERROR(sink(data + at, static_cast<size_t>(std::min(kChunk, whole - at))));
    }
    left -= whole;
  }
  return {};
}

}  // namespace tenon::wire
