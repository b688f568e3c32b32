// SPDX-License-Identifier: Apache-2.0
// How tensors lie in the fake device's memory: dense, cut into blocks of 4 along axis 1, or in an opaque layout that
// starts with a magic number and holds the elements backwards.
#ifndef TESTS_PROVIDERS_FAKE_DEVICE_STORAGE_HPP_
#define TESTS_PROVIDERS_FAKE_DEVICE_STORAGE_HPP_

#include <tenon/provider.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace tenon::fake_device {

inline constexpr uint32_t kBlockAxis = 1;
inline constexpr uint32_t kBlock = 4;
inline constexpr uint64_t kBackwards = 1;  // id of the opaque layout

tenon_layout dense_layout();
tenon_layout blocked_layout();
tenon_layout opaque_layout();

/// Bytes of an element; throws TENON_UNSUPPORTED for strings and types under 8 bits.
uint32_t element_bytes(uint32_t dtype);

/// Bytes of a tensor; throws TENON_UNSUPPORTED for a layout that is not one of the three.
uint64_t storage_bytes(const tenon_layout& layout, uint32_t dtype, std::span<const int64_t> dims);

/// A tensor as device code sees it. Made while the call is under way; used until its signals are reached.
struct Storage {
  uint32_t dtype = 0;
  std::vector<int64_t> dims;
  tenon_layout layout{};
  std::byte* data = nullptr;

  /// Resolves a host record: device memory by its handle, else the host address. Throws when it is too small.
  static Storage of(const tenon_tensor& tensor);
  /// Address of the element whose dense, row-major index is `i`.
  std::byte* element(int64_t i, uint32_t bytes) const;
  /// Writes what a layout has besides its elements: padding and the magic number.
  void begin_write() const;
  /// Throws TENON_INVALID_TENSOR when an opaque tensor was not written by this device.
  void check_read() const;
};

/// dst = src, element by element; dtypes and dims are equal.
void copy_storage(const Storage& src, const Storage& dst);

}  // namespace tenon::fake_device

#endif  // TESTS_PROVIDERS_FAKE_DEVICE_STORAGE_HPP_
