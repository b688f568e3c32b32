// SPDX-License-Identifier: Apache-2.0
// A tensor with any byte strides, written densely.
#pragma once

#include <tenon/types.h>

#include <cstddef>
#include <cstdint>

namespace tenon {

// Copies `tensor` (host memory, strides or dense, elements of `element_bytes` bytes) row-major to `to`.
void copy_dense(const tenon_tensor& tensor, uint64_t element_bytes, std::byte* to);

// Whether the strides of a tensor are those of a dense one (or NULL).
bool is_dense(const tenon_tensor& tensor, uint64_t element_bytes);

}  // namespace tenon
