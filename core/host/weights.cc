// SPDX-License-Identifier: Apache-2.0
#include "core/host/weights.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/base/checked.hpp"
#include "core/host/graph_view.hpp"

namespace tenon {
namespace {

uint64_t element_align(Dtype dtype) {
  if (dtype == TENON_STRING) {
    return alignof(int64_t);  // of the offsets
  }
  if (dtype == TENON_COMPLEX64) {
    return 4;
  }
  return std::clamp<uint64_t>(dtype_bits(dtype) / 8, 1, 8);
}

// Fills `total` bytes with copies of the first `unit` bytes, which are there already: each step doubles what is done.
void spread(std::byte* to, uint64_t unit, uint64_t total) {
  for (uint64_t done = unit; done < total;) {
    const uint64_t n = std::min(done, total - done);
    std::memcpy(to + done, to, n);
    done += n;
  }
}

bool aligned(const void* address, uint64_t align) { return reinterpret_cast<uintptr_t>(address) % align == 0; }

}  // namespace

void release_pages(const Constant& constant) {
  if (constant.fd < 0 || constant.data == nullptr) {
    return;  // not a mapping of a file: its pages are the only copy
  }
  static const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const uint64_t begin = align_up(reinterpret_cast<uintptr_t>(constant.data), page);
  const uint64_t end = (reinterpret_cast<uintptr_t>(constant.data) + constant.bytes) & ~(page - 1);
  if (end > begin) {
    // Pages of a read-only private mapping hold nothing that the file does not; a failure costs memory only.
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

void copy_constant(const Constant& constant, void* to) {
  if (constant.bytes == 0) {
    return;
  }
  const uint64_t total = constant.full_bytes();
  if (total == 0) {
    return;
  }
  std::memcpy(to, constant.data, constant.bytes);
  if (constant.splat) {
    spread(static_cast<std::byte*>(to), constant.bytes, total);
  }
}

void WeightStore::set_constants(const std::vector<ConstantPtr>& constants) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() < constants.size()) {
    entries_.resize(constants.size());
  }
  for (size_t i = 0; i < constants.size(); ++i) {
    if (constants[i] != nullptr) {
      entries_[i].constant = constants[i];
    }
  }
}

ConstantPtr WeightStore::constant(ConstantId id) const {
  const std::lock_guard lock(mutex_);
  return id < entries_.size() ? entries_[id].constant : nullptr;
}

Status WeightStore::get(ConstantId id, uint64_t align, tenon_weight* out) {
  if (align != 0 && !is_power_of_two(align)) {
    return Status(TENON_INVALID_ARGUMENT,
                  "weight_get: alignment " + std::to_string(align) + ", expected a power of two or 0");
  }
  const std::lock_guard lock(mutex_);
  if (id >= entries_.size() || entries_[id].constant == nullptr) {
    return Status(TENON_NOT_FOUND, "weight_get: no constant has the id " + std::to_string(id));
  }
  Entry& entry = entries_[id];
  const Constant& constant = *entry.constant;
  const uint64_t wanted = std::max(align, element_align(constant.dtype));
  const std::byte* data = constant.data;
  const uint64_t bytes = constant.full_bytes();
  bool original = !constant.splat || bytes == constant.bytes;
  if (!original || !aligned(data, wanted)) {
    original = false;
    auto copy = std::find_if(entry.copies.begin(), entry.copies.end(),
                             [&](const Copy& c) { return aligned(c.buffer.data(), wanted); });
    if (copy == entry.copies.end()) {
      const uint64_t made = std::max<uint64_t>(wanted, 64);
      TENON_ASSIGN_OR_RETURN(Buffer buffer,
                             memory_.allocate(bytes, made, "an aligned copy of constant " + std::to_string(id)));
      copy_constant(constant, buffer.data());
      release_pages(constant);
      entry.copies.push_back({std::move(buffer), made});
      copy = entry.copies.end() - 1;
    }
    data = copy->buffer.data();
  }
  *out = {};
  out->size = sizeof *out;
  out->flags = constant.splat ? TENON_WEIGHT_SPLAT : 0;
  out->tensor = tensor_of(constant);
  out->tensor.data = const_cast<std::byte*>(data);
  out->tensor.bytes = bytes;
  // A splat's file holds one element, which is not what a reader of `bytes` bytes expects.
  out->fd = constant.splat ? -1 : constant.fd;
  out->file_offset = constant.splat ? 0 : constant.file_offset;
  return {};
}

void WeightStore::keep(ConstantId id) {
  const std::lock_guard lock(mutex_);
  if (id < entries_.size()) {
    entries_[id].kept = true;
  }
}

void WeightStore::drop_copies(ConstantId id) {
  const std::lock_guard lock(mutex_);
  if (id < entries_.size() && !entries_[id].kept) {
    entries_[id].copies.clear();
  }
}

void WeightStore::drop_unneeded(Model* model) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].kept) {
      continue;
    }
    if (entries_[i].constant != nullptr) {
      release_pages(*entries_[i].constant);
    }
    entries_[i] = {};
    if (model != nullptr && i < model->constants.size()) {
      model->constants[i].reset();
    }
  }
}

void WeightStore::forget_all() {
  const std::lock_guard lock(mutex_);
  for (Entry& entry : entries_) {
    entry = {};
  }
}

}  // namespace tenon
