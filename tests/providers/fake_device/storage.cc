// SPDX-License-Identifier: Apache-2.0
#include "storage.hpp"

#include <tenon/kit/dtypes.hpp>

#include <cstring>

#include "device.hpp"

namespace tenon::fake_device {

using plugin::element_count;
using plugin::require;

namespace {

constexpr uint64_t kMagic = 0x4657'4452'4157'4b42;
constexpr uint64_t kHeader = 16;  // bytes before the elements of an opaque tensor

int64_t blocks(int64_t dim) { return (dim + kBlock - 1) / kBlock; }

}  // namespace

tenon_layout dense_layout() { return {}; }
tenon_layout blocked_layout() { return {TENON_LAYOUT_BLOCKED, kBlockAxis, kBlock, 0, 0}; }
tenon_layout opaque_layout() { return {TENON_LAYOUT_OPAQUE, 0, 0, 0, kBackwards}; }

uint32_t element_bytes(uint32_t dtype) {
  const uint32_t bits = kit::dtype_bits(dtype);
  require(bits >= 8, TENON_UNSUPPORTED, "the fake device holds no ", plugin::dtype_name(dtype), " tensors");
  return bits / 8;
}

uint64_t storage_bytes(const tenon_layout& layout, uint32_t dtype, std::span<const int64_t> dims) {
  const uint64_t bytes = element_bytes(dtype);
  if (layout.kind == TENON_LAYOUT_DENSE) return static_cast<uint64_t>(element_count(dims)) * bytes;
  if (layout.kind == TENON_LAYOUT_OPAQUE && layout.id == kBackwards) {
    return kHeader + static_cast<uint64_t>(element_count(dims)) * bytes;
  }
  require(layout.kind == TENON_LAYOUT_BLOCKED && layout.axis == kBlockAxis && layout.block == kBlock, TENON_UNSUPPORTED,
          "layout kind ", layout.kind, " axis ", layout.axis, " block ", layout.block, " id ", layout.id,
          ", expected dense, blocks of 4 on axis 1, or opaque 1");
  require(dims.size() > kBlockAxis, TENON_UNSUPPORTED, "a tensor of rank ", dims.size(), " has no axis 1 to block");
  std::vector<int64_t> padded(dims.begin(), dims.end());
  padded[kBlockAxis] = blocks(padded[kBlockAxis]) * kBlock;
  return static_cast<uint64_t>(element_count(padded)) * bytes;
}

Storage Storage::of(const tenon_tensor& tensor) {
  Storage out;
  out.dtype = tensor.dtype;
  out.dims.assign(tensor.dims, tensor.dims + tensor.rank);
  out.layout = tensor.layout;
  require(tensor.strides == nullptr, TENON_INVALID_TENSOR, "a strided tensor, though nothing here was claimed STRIDED");
  const uint64_t bytes = storage_bytes(out.layout, out.dtype, out.dims);
  require(tensor.bytes >= bytes, TENON_INVALID_TENSOR, "a tensor of ", bytes, " bytes lies in ", tensor.bytes);
  out.data = tensor.memory != nullptr ? hardware().memory.at(tensor.memory, tensor.offset, bytes)
                                      : static_cast<std::byte*>(tensor.data);
  require(out.data != nullptr || bytes == 0, TENON_INVALID_TENSOR, "a tensor with neither memory nor address");
  return out;
}

std::byte* Storage::element(int64_t i, uint32_t bytes) const {
  const size_t width = bytes;
  if (layout.kind == TENON_LAYOUT_DENSE) return data + static_cast<size_t>(i) * width;
  if (layout.kind == TENON_LAYOUT_OPAQUE) {
    return data + kHeader + static_cast<size_t>(element_count(dims) - 1 - i) * width;
  }
  int64_t inner = 1;  // elements of one step along the blocked axis
  for (size_t axis = kBlockAxis + 1; axis < dims.size(); ++axis) inner *= dims[axis];
  const int64_t low = i % inner;
  const int64_t cut = i / inner % dims[kBlockAxis];
  const int64_t high = i / inner / dims[kBlockAxis];
  const int64_t at = ((high * blocks(dims[kBlockAxis]) + cut / kBlock) * inner + low) * kBlock + cut % kBlock;
  return data + static_cast<size_t>(at) * width;
}

void Storage::begin_write() const {
  const uint64_t bytes = storage_bytes(layout, dtype, dims);
  if (layout.kind == TENON_LAYOUT_BLOCKED && bytes != 0) std::memset(data, 0, bytes);
  if (layout.kind == TENON_LAYOUT_OPAQUE) {
    std::memset(data, 0, kHeader);
    std::memcpy(data, &kMagic, sizeof(kMagic));
  }
}

void Storage::check_read() const {
  if (layout.kind != TENON_LAYOUT_OPAQUE) return;
  require(std::memcmp(data, &kMagic, sizeof(kMagic)) == 0, TENON_INVALID_TENSOR,
          "an opaque tensor that this device did not write");
}

void copy_storage(const Storage& src, const Storage& dst) {
  require(src.dtype == dst.dtype && src.dims == dst.dims, TENON_INVALID_ARGUMENT, "a copy of ",
          plugin::dtype_name(src.dtype), plugin::dims_text(src.dims), " to ", plugin::dtype_name(dst.dtype),
          plugin::dims_text(dst.dims));
  const uint32_t bytes = element_bytes(src.dtype);
  src.check_read();
  dst.begin_write();
  const int64_t n = element_count(src.dims);
  for (int64_t i = 0; i < n; ++i) std::memcpy(dst.element(i, bytes), src.element(i, bytes), bytes);
}

}  // namespace tenon::fake_device
