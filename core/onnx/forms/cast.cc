// SPDX-License-Identifier: Apache-2.0
// Cast of opsets 1 to 5 names the type: "FLOAT", "INT64", ...
#include <array>

#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_cast(Raise& raise) {
  constexpr std::array<std::string_view, 16> names = {
      "UNDEFINED", "FLOAT", "UINT8",   "INT8",   "UINT16", "INT16",  "INT32",     "INT64",
      "STRING",    "BOOL",  "FLOAT16", "DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128"};
  const std::string to = raise.node.string_or("to", "");
  for (size_t i = 1; i < names.size(); ++i) {
    if (names[i] == to) {
      raise.node.set_int("to", static_cast<int64_t>(i));
      return {};
    }
  }
  return raise.refuse("it casts to the unknown type '" + to + "'");
}

}  // namespace tenon::forms
