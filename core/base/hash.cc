// SPDX-License-Identifier: Apache-2.0
#include "core/base/hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tenon {

Hash128 hash_bytes(const void* data, uint64_t bytes) {
  const XXH128_hash_t hash = XXH3_128bits(data, bytes);
  return {hash.low64, hash.high64};
}

}  // namespace tenon
