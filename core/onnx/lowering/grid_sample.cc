// SPDX-License-Identifier: Apache-2.0
// GridSample before opset 20 calls its modes "bilinear" and "bicubic", and takes images only.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_grid_sample(Lower& lower) {
  if (lower.form >= 20 || lower.form == 0) {
    return {};
  }
  if (lower.rank(0) != 4) {
    return lower.refuse("before opset 20 its input has to be of rank 4");
  }
  const std::string mode = lower.node.string_or("mode", "linear");
  lower.node.set_string("mode", mode == "linear" ? "bilinear" : mode == "cubic" ? "bicubic" : mode);
  return {};
}

}  // namespace tenon::lowering
