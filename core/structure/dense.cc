// SPDX-License-Identifier: Apache-2.0
#include "core/structure/dense.hpp"

#include <cstring>

namespace tenon {
namespace {

bool bit_at(const std::byte* data, uint64_t bit) {
  return (std::to_integer<unsigned>(data[bit / 8]) >> (bit % 8) & 1u) != 0;
}

void set_bit(std::byte* data, uint64_t bit, bool value) {
  const auto mask = std::byte{1} << static_cast<int>(bit % 8);
  data[bit / 8] = value ? data[bit / 8] | mask : data[bit / 8] & ~mask;
}

}  // namespace

void move_elements(Dtype dtype, const std::byte* from, uint64_t from_index, std::byte* to, uint64_t to_index,
                   uint64_t count) {
  const uint64_t bits = dtype_bits(dtype);
  uint64_t source = from_index * bits, target = to_index * bits, left = count * bits;
  if (source % 8 == 0 && target % 8 == 0 && left >= 8) {
    const uint64_t bytes = left / 8;
    std::memcpy(to + target / 8, from + source / 8, bytes);
    source += bytes * 8;
    target += bytes * 8;
    left -= bytes * 8;
  }
  for (; left > 0; --left) {
    set_bit(to, target++, bit_at(from, source++));
  }
}

std::vector<std::string_view> strings_at(const std::byte* data, uint64_t count) {
  std::vector<std::string_view> strings(count);
  const auto* text = reinterpret_cast<const char*>(data + 8 * (count + 1));
  int64_t begin = 0;
  for (uint64_t i = 0; i < count; ++i) {
    int64_t end = 0;
    std::memcpy(&end, data + 8 * (i + 1), 8);
    strings[i] = {text + begin, static_cast<size_t>(end - begin)};
    begin = end;
  }
  return strings;
}

uint64_t strings_bytes(std::span<const std::string_view> strings) {
  uint64_t bytes = 8 * (strings.size() + 1);
  for (std::string_view text : strings) {
    bytes += text.size();
  }
  return bytes;
}

void write_strings(std::span<const std::string_view> strings, std::byte* to) {
  std::byte* text = to + 8 * (strings.size() + 1);
  int64_t offset = 0;
  std::memcpy(to, &offset, 8);
  for (size_t i = 0; i < strings.size(); ++i) {
    if (!strings[i].empty()) {
      std::memcpy(text + offset, strings[i].data(), strings[i].size());
    }
    offset += static_cast<int64_t>(strings[i].size());
    std::memcpy(to + 8 * (i + 1), &offset, 8);
  }
}

}  // namespace tenon
