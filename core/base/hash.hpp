// SPDX-License-Identifier: Apache-2.0
// XXH3-128 of contents. Not against malice: equal hashes are compared before anything is shared.
#pragma once

#include <cstdint>
#include <functional>

namespace tenon {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  auto operator<=>(const Hash128&) const = default;
};

Hash128 hash_bytes(const void* data, uint64_t bytes);

}  // namespace tenon

template <>
struct std::hash<tenon::Hash128> {
  size_t operator()(const tenon::Hash128& hash) const noexcept { return hash.low ^ (hash.high * 0x9E3779B97F4A7C15u); }
};
