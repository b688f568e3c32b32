// SPDX-License-Identifier: Apache-2.0
// GridSample of opsets 16 to 19 calls its modes "bilinear" and "bicubic".
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_grid_sample(Raise& raise) {
  const std::string mode = raise.node.string_or("mode", "bilinear");
  raise.node.set_string("mode", mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode);
  return {};
}

}  // namespace tenon::forms
