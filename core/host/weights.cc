// SPDX-License-Identifier: Apache-2.0
#include "core/host/weights.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "core/base/check_task.hpp"
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

constexpr uint64_t kPiece = 4u << 20;  // bytes copied between two looks at the task: about a millisecond

Status stopped(const Task* task) { return check_task(task, "a weight was copied"); }

// Fills `total` bytes with copies of the first `unit` bytes, which are there already: each step doubles what is done.
Status spread(std::byte* to, uint64_t unit, uint64_t total, Task* task) {
  for (uint64_t done = unit; done < total;) {
    const uint64_t n = std::min({done, total - done, done < kPiece ? done : kPiece - kPiece % unit});
    std::memcpy(to + done, to, n);
    done += n;
    TENON_RETURN_IF_ERROR(stopped(task));
  }
  return {};
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

Status copy_constant(const Constant& constant, void* to, Task* task) {
  const uint64_t total = constant.full_bytes();
  if (constant.bytes == 0 || total == 0) {
    return {};
  }
  auto* bytes = static_cast<std::byte*>(to);
  for (uint64_t done = 0; done < constant.bytes; done += kPiece) {
    TENON_RETURN_IF_ERROR(stopped(task));
    std::memcpy(bytes + done, constant.data + done, std::min(kPiece, constant.bytes - done));
  }
  return constant.splat ? spread(bytes, constant.bytes, total, task) : Status();
}

void copy_constant(const Constant& constant, void* to) {
  [[maybe_unused]] const Status done = copy_constant(constant, to, nullptr);
  assert(done.ok());
}

void WeightStore::set_limits(Task* task, uint64_t spread_bytes) {
  const std::lock_guard lock(mutex_);
  task_ = task;
  spread_left_ = std::min(spread_left_, spread_bytes);
}

Result<Buffer> WeightStore::copy_of(ConstantId id, uint64_t align) {
  const Constant& constant = *entries_[id].constant;
  const uint64_t bytes = constant.full_bytes();
  const std::string what = "an aligned copy of constant " + std::to_string(id);
  if (constant.splat) {
    if (bytes > spread_left_) {
      return Status(TENON_LIMIT, what + ", which repeats one value, would take " + std::to_string(bytes) + " bytes; " +
                                     std::to_string(spread_left_) + " are left for such weights of this model")
          .with_expectation(std::to_string(bytes), "at most " + std::to_string(spread_left_));
    }
    spread_left_ -= bytes;
  }
  TENON_ASSIGN_OR_RETURN(Buffer buffer, memory_.allocate(bytes, align, what));
  TENON_RETURN_IF_ERROR(copy_constant(constant, buffer.data(), task_));
  return buffer;
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
      TENON_ASSIGN_OR_RETURN(Buffer buffer, copy_of(id, made));
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
