// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace tenon {

// "[2,3]", for messages.
inline std::string dims_text(const int64_t* dims, uint32_t rank) {
  std::string text = "[";
  for (uint32_t i = 0; i < rank; ++i) {
    text += (i > 0 ? "," : "") + std::to_string(dims[i]);
  }
  return text + "]";
}

inline std::string dims_text(std::span<const int64_t> dims) {
  return dims_text(dims.data(), static_cast<uint32_t>(dims.size()));
}

}  // namespace tenon
