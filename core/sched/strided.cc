// SPDX-License-Identifier: Apache-2.0
#include "core/sched/strided.hpp"

#include <cstring>

namespace tenon {

bool is_dense(const tenon_tensor& tensor, uint64_t element_bytes) {
  if (tensor.strides == nullptr) {
    return true;
  }
  auto expected = static_cast<int64_t>(element_bytes);
  for (uint32_t i = tensor.rank; i-- > 0;) {
    if (tensor.dims[i] == 0) {
      return true;
    }
    if (tensor.dims[i] != 1 && tensor.strides[i] != expected) {
      return false;
    }
    expected *= tensor.dims[i];
  }
  return true;
}

void copy_dense(const tenon_tensor& tensor, uint64_t element_bytes, std::byte* to) {
  uint64_t elements = 1;
  for (uint32_t i = 0; i < tensor.rank; ++i) {
    elements *= static_cast<uint64_t>(tensor.dims[i]);
  }
  if (elements == 0) {
    return;
  }
  if (is_dense(tensor, element_bytes)) {
    std::memcpy(to, tensor.data, elements * element_bytes);
    return;
  }
  // Whole rows at once where the last axis is dense.
  const uint32_t rank = tensor.rank;
  const bool rows = tensor.strides[rank - 1] == static_cast<int64_t>(element_bytes);
  const uint32_t outer = rows ? rank - 1 : rank;
  const uint64_t chunk = rows ? element_bytes * static_cast<uint64_t>(tensor.dims[rank - 1]) : element_bytes;
  int64_t index[TENON_MAX_RANK] = {};
  const auto* from = static_cast<const std::byte*>(tensor.data);
  while (true) {
    std::memcpy(to, from, chunk);
    to += chunk;
    uint32_t axis = outer;
    while (axis > 0) {
      --axis;
      from += tensor.strides[axis];
      if (++index[axis] < tensor.dims[axis]) {
        break;
      }
      from -= tensor.strides[axis] * tensor.dims[axis];
      index[axis] = 0;
      if (axis == 0) {
        return;
      }
    }
    if (outer == 0) {
      return;
    }
  }
}

}  // namespace tenon
