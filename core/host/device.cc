// SPDX-License-Identifier: Apache-2.0
#include "core/host/device.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/checked.hpp"
#include "core/base/memory.hpp"
#include "core/host/provider.hpp"
#include "core/ir/types.hpp"

namespace tenon {

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : provider_(std::exchange(other.provider_, nullptr)),
      memory_(std::exchange(other.memory_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  std::swap(provider_, other.provider_);
  std::swap(memory_, other.memory_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

DeviceBuffer::~DeviceBuffer() {
  if (memory_ != nullptr) {
    provider_->table().mem_free(provider_->table().self, memory_);
  }
}

Result<DeviceBuffer> DeviceBuffer::allocate(Provider& provider, uint32_t device, uint32_t kind, uint64_t bytes,
                                            uint64_t align) {
  const tenon_provider& table = provider.table();
  if (table.mem_alloc == nullptr) {
    return Status(TENON_UNSUPPORTED, "provider '" + provider.id() + "' makes no memory").with_provider(provider.id());
  }
  const auto& kinds = provider.devices()[device].memory_kinds;
  if (kind >= kinds.size()) {
    return Status(TENON_INVALID_ARGUMENT,
                  "provider '" + provider.id() + "' has no memory kind " + std::to_string(kind));
  }
  tenon_mem_desc desc{};
  desc.size = sizeof desc;
  desc.device = device;
  desc.memory_kind = kind;
  desc.bytes = std::max<uint64_t>(bytes, 1);
  desc.align = std::max(align, kinds[kind].alignment);
  DeviceBuffer buffer;
  TENON_RETURN_IF_ERROR(call_provider(
      provider, [&](tenon_status* status) { return table.mem_alloc(table.self, &desc, &buffer.memory_, status); }));
  if (buffer.memory_ == nullptr) {
    return rule_broken(provider.id(), 16, "mem_alloc succeeded without memory");
  }
  buffer.provider_ = &provider;
  buffer.bytes_ = bytes;
  return buffer;
}

Result<void*> DeviceBuffer::map() {
  const tenon_provider& table = provider_->table();
  if (table.mem_map == nullptr) {
    return Status(TENON_UNSUPPORTED, "provider '" + provider_->id() + "' maps no memory");
  }
  void* address = nullptr;
  TENON_RETURN_IF_ERROR(call_provider(
      *provider_, [&](tenon_status* status) { return table.mem_map(table.self, memory_, &address, status); }));
  return address;
}

Status DeviceBuffer::unmap() {
  const tenon_provider& table = provider_->table();
  return call_provider(*provider_, [&](tenon_status* status) { return table.mem_unmap(table.self, memory_, status); });
}

Result<std::shared_ptr<Timeline>> Timeline::create(Provider& provider, uint32_t device) {
  const tenon_provider& table = provider.table();
  if (table.sync_create == nullptr) {
    return Status(TENON_UNSUPPORTED, "provider '" + provider.id() + "' has no timelines").with_provider(provider.id());
  }
  tenon_sync* raw = nullptr;
  uint32_t kind = 0;
  TENON_RETURN_IF_ERROR(call_provider(
      provider, [&](tenon_status* status) { return table.sync_create(table.self, device, &raw, &kind, status); }));
  if (raw == nullptr || kind > 63) {
    return rule_broken(provider.id(), 10, "sync_create gave no timeline or a kind above 63");
  }
  return std::shared_ptr<Timeline>(new Timeline(provider, raw, kind));
}

Timeline::~Timeline() { provider_.table().sync_destroy(provider_.table().self, raw_); }

Status Timeline::wait(uint64_t value, uint64_t timeout_ns) {
  const tenon_provider& table = provider_.table();
  return call_provider(
      provider_, [&](tenon_status* status) { return table.sync_wait(table.self, raw_, value, timeout_ns, status); });
}

Status Timeline::signal(uint64_t value) {
  const tenon_provider& table = provider_.table();
  return call_provider(provider_,
                       [&](tenon_status* status) { return table.sync_signal(table.self, raw_, value, status); });
}

namespace {

// One copy by `provider`, complete on return.
Status copy_by(Provider& provider, uint32_t device, const tenon_tensor& from, const tenon_tensor& to, Task* task) {
  tenon_copy copy{};
  copy.size = sizeof copy;
  copy.device = device;
  copy.src = &from;
  copy.dst = &to;
  copy.point_stride = sizeof(tenon_point);
  copy.task = task;
  if (!provider.async()) {
    return provider.copy(copy);
  }
  TENON_ASSIGN_OR_RETURN(const std::shared_ptr<Timeline> timeline, Timeline::create(provider, device));
  const uint64_t value = timeline->next();
  const tenon_point done = timeline->point(value);
  copy.signals = &done;
  copy.nsignals = 1;
  TENON_RETURN_IF_ERROR(provider.copy(copy));
  return timeline->wait(value);
}

bool plain_host(const tenon_tensor& tensor) {
  return tensor.memory == nullptr && tensor.layout.kind == TENON_LAYOUT_DENSE && tensor.strides == nullptr;
}

}  // namespace

Status copy_now(const CopySide& from, const CopySide& to, Task* task) {
  const tenon_tensor& a = *from.tensor;
  const tenon_tensor& b = *to.tensor;
  if (a.dtype != b.dtype || a.rank != b.rank || !std::equal(a.dims, a.dims + a.rank, b.dims)) {
    return Status(TENON_INVALID_ARGUMENT, "copy between tensors of different dtype or dims");
  }
  if (from.provider == nullptr && to.provider == nullptr) {
    if (!plain_host(a) || !plain_host(b) || a.bytes > b.bytes) {
      return Status(TENON_INVALID_ARGUMENT, "copy between host tensors that are not dense, or too small");
    }
    if (a.bytes > 0) {
      std::memcpy(b.data, a.data, a.bytes);
    }
    return {};
  }
  if (from.provider == nullptr || to.provider == nullptr || from.provider == to.provider) {
    Provider& owner = from.provider != nullptr ? *from.provider : *to.provider;
    return copy_by(owner, from.provider != nullptr ? from.device : to.device, a, b, task);
  }
  TENON_ASSIGN_OR_RETURN(const uint64_t bytes, layout_bytes(nullptr, tenon_layout{}, a.dtype, a.dims, a.rank));
  TENON_ASSIGN_OR_RETURN(const Buffer buffer, Memory::process().allocate(bytes, 64, "a copy between two devices"));
  tenon_tensor between{};
  between.size = sizeof between;
  between.dtype = a.dtype;
  between.rank = a.rank;
  between.dims = a.dims;
  between.bytes = bytes;
  between.data = buffer.data();
  TENON_RETURN_IF_ERROR(copy_by(*from.provider, from.device, a, between, task));
  return copy_by(*to.provider, to.device, between, b, task);
}

Result<uint64_t> layout_bytes(Provider* provider, const tenon_layout& layout, uint32_t dtype, const int64_t* dims,
                              uint32_t rank) {
  if (layout.kind == TENON_LAYOUT_OPAQUE) {
    if (provider == nullptr || provider->table().layout_bytes == nullptr) {
      return Status(TENON_UNSUPPORTED, "no provider tells the size of an opaque layout");
    }
    const tenon_provider& table = provider->table();
    uint64_t bytes = 0;
    TENON_RETURN_IF_ERROR(call_provider(*provider, [&](tenon_status* status) {
      return table.layout_bytes(table.self, &layout, dtype, dims, rank, &bytes, status);
    }));
    return bytes;
  }
  CheckedSize elements = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    CheckedSize dim = CheckedSize::from_signed(dims[i]);
    if (layout.kind == TENON_LAYOUT_BLOCKED && i == layout.axis && layout.block > 1) {
      const CheckedSize up = dim + (layout.block - 1);
      dim = up.ok() ? CheckedSize(up.value() / layout.block) * layout.block : up;
    }
    elements *= dim;
  }
  const std::optional<uint64_t> bytes = elements.ok() ? dtype_bytes(dtype, elements.value()) : std::nullopt;
  if (!bytes.has_value()) {
    return Status(TENON_LIMIT, "the size in bytes of a " + std::string(dtype_name(dtype)) +
                                   " tensor cannot be computed: it overflows, or its dtype has no fixed size");
  }
  return *bytes;
}

}  // namespace tenon
