// SPDX-License-Identifier: Apache-2.0
// Packed weights, shared by all sessions of the process [R11].
#pragma once

#include <tenon/plugin.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/hash.hpp"
#include "core/base/memory.hpp"
#include "core/base/status.hpp"
#include "core/host/device.hpp"
#include "core/host/provider.hpp"
#include "core/ir/constant.hpp"

namespace tenon {

struct PackedWeight {
  Buffer host;  // one of the two
  DeviceBuffer device;
  int64_t dims[1] = {0};
  tenon_tensor tensor{};  // UINT8 [bytes] over it; dims point into this record
};

// What makes two packings the same, besides content.
struct PackingKey {
  const Provider* provider = nullptr;
  uint32_t device = 0;
  uint32_t memory_kind = 0;
  uint64_t bytes = 0;
  uint64_t align = 0;
  std::string key;
};

// Finds the packing of `constant`, or makes memory and calls `pack` to fill it. When two threads want the same one, the
// second waits for the first. Found means: equal hash and key, and then equal bytes; a former original that is gone
// cannot be compared and is not shared. The process keeps a packing as long as somebody holds it.
Result<std::shared_ptr<const PackedWeight>> find_or_pack(const PackingKey& key, const ConstantPtr& constant,
                                                         Provider& provider,
                                                         const std::function<Status(const tenon_tensor&)>& pack);

// Live packings in the process, for tests and statistics.
size_t packed_weights();
// Bytes that they take, in all memories.
uint64_t packed_weight_bytes();

}  // namespace tenon
