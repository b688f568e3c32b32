// SPDX-License-Identifier: Apache-2.0
#include "placed.hpp"

#include <tenon/kit/dims.hpp>

#include <algorithm>
#include <cstring>

namespace tenon::conform {

namespace {

constexpr uint64_t kWaitNs = 10'000'000'000;

/// The highest memory kind of a mask: the provider's own memory where it may be.
uint32_t kind_of(uint32_t mask) {
  uint32_t kind = 0;
  for (uint32_t k = 0; k < 32; ++k) {
    if ((mask >> k & 1) != 0) kind = k;
  }
  return kind;
}

}  // namespace

uint64_t dense_bytes(uint32_t dtype, const std::vector<int64_t>& dims) {
  return static_cast<uint64_t>(kit::byte_count(dtype, kit::count(dims)));
}

tenon_tensor host_view(const Tensor& tensor) {
  tenon_tensor t{};
  t.size = sizeof(t);
  t.dtype = tensor.dtype;
  t.rank = static_cast<uint32_t>(tensor.dims.size());
  t.dims = tensor.dims.empty() ? nullptr : tensor.dims.data();
  t.bytes = tensor.bytes.size();
  t.data = const_cast<std::byte*>(tensor.bytes.data());
  return t;
}

Moment::Moment(const Provider& provider, uint32_t device) : provider_(provider) {
  StatusBox status;
  const tenon_provider& table = provider.table();
  const int32_t code = table.sync_create(provider.self(), device, &point_.sync, &point_.kind, status.get());
  if (status.check(provider.report(), code, "sync_create") != TENON_OK || point_.sync == nullptr) {
    provider.report().fail(10, "sync_create returned ", code, " and ", point_.sync == nullptr ? "no" : "a",
                           " timeline");
    point_.sync = nullptr;
  }
  if (point_.kind > 63) provider.report().fail(10, "a timeline has kind ", point_.kind, ", expected 0 to 63");
  point_.value = 1;
}

Moment::~Moment() {
  if (point_.sync != nullptr) provider_.table().sync_destroy(provider_.self(), point_.sync);
}

int32_t Moment::wait(uint64_t timeout_ns, std::string* text) const {
  StatusBox status;
  const int32_t code = status.check(
      provider_.report(),
      provider_.table().sync_wait(provider_.self(), point_.sync, point_.value, timeout_ns, status.get()), "sync_wait");
  if (text != nullptr && code != TENON_OK) *text = status.text();
  return code;
}

Placed::Placed(const Provider& provider, uint32_t device, uint32_t dtype, std::vector<int64_t> dims,
               Placement placement)
    : provider_(provider), device_(device), placement_(placement), dims_(std::move(dims)) {
  tensor_.size = sizeof(tensor_);
  tensor_.dtype = dtype;
  tensor_.rank = static_cast<uint32_t>(dims_.size());
  tensor_.dims = dims_.empty() ? nullptr : dims_.data();
  tensor_.layout = placement_.rule.layout;
  uint64_t bytes = dense_bytes(dtype, dims_);
  if (tensor_.layout.kind != TENON_LAYOUT_DENSE) {
    const tenon_provider& table = provider.table();
    if (table.layout_bytes == nullptr) {
      provider.report().fail(9, "a layout of its own was claimed without layout_bytes");
      return;
    }
    StatusBox status;
    const int32_t code =
        table.layout_bytes(provider.self(), &tensor_.layout, dtype, dims_.data(), tensor_.rank, &bytes, status.get());
    if (status.check(provider.report(), code, "layout_bytes") != TENON_OK) {
      provider.report().fail(9, "layout_bytes of a layout that was claimed failed: ", status.text());
      return;
    }
  }
  made_ = place(bytes);
}

bool Placed::place(uint64_t bytes) {
  const uint32_t kind = kind_of(placement_.rule.memory_mask);
  const uint64_t element = std::max<uint64_t>(1, static_cast<uint64_t>(kit::dtype_bits(tensor_.dtype)) / 8);
  tensor_.bytes = bytes;
  if (kind == 0) {
    if (placement_.strided && (placement_.rule.flags & TENON_RULE_STRIDED) != 0 &&
        kit::dtype_bits(tensor_.dtype) >= 8 && !dims_.empty() && bytes != 0) {
      place_strided();
      return true;
    }
    buffer_ = Buffer(bytes, std::max<uint64_t>(placement_.rule.align, element), placement_.guard, placement_.fill);
    tensor_.data = bytes == 0 ? nullptr : buffer_.data();
    return true;
  }
  const tenon_memory_kind info = provider_.memory_kinds(provider_.devices()[device_])[kind];
  const uint64_t align = std::max<uint64_t>({placement_.rule.align, info.alignment, element});
  tenon_mem_desc desc{};
  desc.size = sizeof(desc);
  desc.device = device_;
  desc.memory_kind = kind;
  desc.bytes = bytes + align;
  desc.align = align;
  StatusBox status;
  const int32_t code = provider_.table().mem_alloc(provider_.self(), &desc, &memory_, status.get());
  if (status.check(provider_.report(), code, "mem_alloc") != TENON_OK || memory_ == nullptr) {
    provider_.report().fail(9, "mem_alloc of ", desc.bytes, " bytes of kind ", kind, " returned ", code, ": ",
                            status.text());
    return false;
  }
  tensor_.memory = memory_;
  tensor_.offset = align;  // never 0, so that a provider that ignores it is found out
  return true;
}

void Placed::place_strided() {
  // Every element stands alone with a gap behind it, and axis 0 runs backwards.
  const int64_t element = kit::dtype_bits(tensor_.dtype) / 8;
  strides_.resize(dims_.size());
  int64_t step = 2 * element;
  for (size_t axis = dims_.size(); axis-- > 0;) {
    strides_[axis] = step;
    step *= dims_[axis] + 1;
  }
  const int64_t back = strides_[0] * (dims_[0] - 1);
  strides_[0] = -strides_[0];
  buffer_ =
      Buffer(static_cast<uint64_t>(step), static_cast<uint64_t>(std::max<int64_t>(element, placement_.rule.align)),
             placement_.guard, placement_.fill);
  tensor_.strides = strides_.data();
  tensor_.data = buffer_.data() + back;
  tensor_.bytes = static_cast<uint64_t>(step - back);
}

Placed::~Placed() {
  if (memory_ != nullptr) provider_.table().mem_free(provider_.self(), memory_);
}

template <class F>
void Placed::for_each_element(F&& fn) const {
  const int64_t element = kit::dtype_bits(tensor_.dtype) / 8;
  const int64_t n = kit::count(dims_);
  for (int64_t i = 0; i < n; ++i) {
    int64_t rest = i;
    int64_t at = 0;
    for (size_t axis = dims_.size(); axis-- > 0;) {
      at += rest % dims_[axis] * strides_[axis];
      rest /= dims_[axis];
    }
    fn(static_cast<std::byte*>(tensor_.data) + at, static_cast<size_t>(i * element), static_cast<size_t>(element));
  }
}

bool Placed::write(const Tensor& from, uint32_t queue) {
  if (!on_host()) return copy(host_view(from), tensor_, queue);
  if (tensor_.strides != nullptr) {
    for_each_element([&](std::byte* at, size_t i, size_t n) { std::memcpy(at, from.bytes.data() + i, n); });
  } else if (!from.bytes.empty()) {
    std::memcpy(tensor_.data, from.bytes.data(), from.bytes.size());
  }
  return true;
}

bool Placed::read(Tensor& to, uint32_t queue) const {
  to.dtype = tensor_.dtype;
  to.dims = dims_;
  to.bytes.assign(dense_bytes(to.dtype, to.dims), std::byte{0x11});
  if (!on_host()) return copy(tensor_, host_view(to), queue);
  if (tensor_.strides != nullptr) {
    for_each_element([&](std::byte* at, size_t i, size_t n) { std::memcpy(to.bytes.data() + i, at, n); });
  } else if (!to.bytes.empty()) {
    std::memcpy(to.bytes.data(), tensor_.data, to.bytes.size());
  }
  return true;
}

bool Placed::copy(const tenon_tensor& src, const tenon_tensor& dst, uint32_t queue) const {
  const tenon_provider& table = provider_.table();
  Reporter& report = provider_.report();
  if (table.copy == nullptr) {
    report.fail(9, "memory or layouts of its own were claimed without copy");
    return false;
  }
  std::unique_ptr<Moment> done;
  if (provider_.is_async()) done = std::make_unique<Moment>(provider_, device_);
  tenon_task task;
  task.host = &provider_.host();
  tenon_copy c{};
  c.size = sizeof(c);
  c.device = device_;
  c.src = &src;
  c.dst = &dst;
  c.queue = queue;
  c.point_stride = sizeof(tenon_point);
  c.task = &task;
  if (done && done->made()) {
    c.signals = &done->point();
    c.nsignals = 1;
  }
  StatusBox status;
  int32_t code = status.check(report, table.copy(provider_.self(), &c, status.get()), "copy");
  std::string text = status.text();
  if (code == TENON_OK && c.nsignals != 0) code = done->wait(kWaitNs, &text);
  if (code != TENON_OK) report.fail(9, "copy failed with code ", code, ": ", text);
  return code == TENON_OK;
}

}  // namespace tenon::conform
