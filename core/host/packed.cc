// SPDX-License-Identifier: Apache-2.0
#include "core/host/packed.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "core/host/weights.hpp"

namespace tenon {
namespace {

using FullKey = std::tuple<Hash128, const Provider*, uint32_t, uint32_t, uint64_t, uint64_t, std::string, uint32_t,
                           std::vector<int64_t>, bool>;

// One packing, made under its own lock so that different ones are packed at the same time.
struct Entry {
  std::mutex mutex;
  std::weak_ptr<const PackedWeight> packed;
  // To compare with. A mapped file costs nothing to keep; a copy in memory is not kept for this alone.
  ConstantPtr mapped_original;
  std::weak_ptr<const Constant> original;

  ConstantPtr original_if_there() const { return mapped_original != nullptr ? mapped_original : original.lock(); }
};

struct Cache {
  std::mutex mutex;
  std::map<FullKey, std::shared_ptr<Entry>> entries;

  std::shared_ptr<Entry> entry(const FullKey& key) {
    const std::lock_guard lock(mutex);
    // Entries that nobody uses go now and then, so that the map is never much longer than what lives.
    if (entries.size() >= next_sweep) {
      std::erase_if(entries,
                    [](const auto& item) { return item.second.use_count() == 1 && item.second->packed.expired(); });
      next_sweep = 2 * entries.size() + 64;
    }
    std::shared_ptr<Entry>& found = entries[key];
    if (found == nullptr) {
      found = std::make_shared<Entry>();
    }
    return found;
  }

  size_t next_sweep = 64;
};

Cache& cache() {
  static Cache* const instance = new Cache;  // never destroyed: sessions may end after static objects
  return *instance;
}

bool same_bytes(const Constant& a, const Constant& b) {
  const bool same =
      a.bytes == b.bytes && (a.bytes == 0 || a.data == b.data || std::memcmp(a.data, b.data, a.bytes) == 0);
  release_pages(a);
  return same;
}

Result<std::shared_ptr<PackedWeight>> make_memory(const PackingKey& key, Provider& provider) {
  auto packed = std::make_shared<PackedWeight>();
  tenon_tensor& tensor = packed->tensor;
  tensor.size = sizeof tensor;
  tensor.dtype = TENON_UINT8;
  tensor.rank = 1;
  packed->dims[0] = static_cast<int64_t>(key.bytes);
  tensor.dims = packed->dims;
  tensor.bytes = key.bytes;
  const MemoryKind& kind = provider.devices()[key.device].memory_kinds[key.memory_kind];
  const uint64_t align = std::max({key.align, kind.alignment, uint64_t{64}});
  if ((kind.flags & TENON_MEMORY_HOST) != 0 && key.memory_kind == 0) {
    TENON_ASSIGN_OR_RETURN(packed->host, Memory::process().allocate(key.bytes, align, "packed weights"));
    tensor.data = packed->host.data();
  } else {
    TENON_ASSIGN_OR_RETURN(packed->device,
                           DeviceBuffer::allocate(provider, key.device, key.memory_kind, key.bytes, align));
    tensor.memory = packed->device.memory();
  }
  return packed;
}

}  // namespace

Result<std::shared_ptr<const PackedWeight>> find_or_pack(const PackingKey& key, const ConstantPtr& constant,
                                                         Provider& provider,
                                                         const std::function<Status(const tenon_tensor&)>& pack) {
  const Hash128 hash = hash_bytes(constant->data, constant->bytes);
  const std::shared_ptr<Entry> entry =
      cache().entry({hash, key.provider, key.device, key.memory_kind, key.bytes, key.align, key.key, constant->dtype,
                     constant->dims, constant->splat});
  const std::lock_guard lock(entry->mutex);
  if (std::shared_ptr<const PackedWeight> packed = entry->packed.lock()) {
    const ConstantPtr before = entry->original_if_there();
    if (before != nullptr && same_bytes(*before, *constant)) {
      return packed;
    }
  }
  TENON_ASSIGN_OR_RETURN(std::shared_ptr<PackedWeight> made, make_memory(key, provider));
  TENON_RETURN_IF_ERROR(pack(made->tensor));
  entry->packed = made;
  entry->original = constant;
  entry->mapped_original = constant->fd >= 0 ? constant : nullptr;
  return std::shared_ptr<const PackedWeight>(std::move(made));
}

size_t packed_weights() {
  const std::lock_guard lock(cache().mutex);
  return static_cast<size_t>(std::count_if(cache().entries.begin(), cache().entries.end(),
                                           [](const auto& item) { return !item.second->packed.expired(); }));
}

uint64_t packed_weight_bytes() {
  const std::lock_guard lock(cache().mutex);
  uint64_t bytes = 0;
  for (const auto& [key, entry] : cache().entries) {
    if (const std::shared_ptr<const PackedWeight> packed = entry->packed.lock()) {
      bytes += packed->tensor.bytes;
    }
  }
  return bytes;
}

}  // namespace tenon
