// SPDX-License-Identifier: Apache-2.0
// RoiAlign before opset 16 does not shift its coordinates by half a pixel.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_roi_align(Lower& lower) {
  if (lower.form >= 16 || lower.form == 0) {
    return {};
  }
  if (lower.node.string_or("coordinate_transformation_mode", "half_pixel") != "output_half_pixel") {
    return lower.refuse("before opset 16 its coordinates are not shifted by half a pixel");
  }
  lower.node.erase_attribute("coordinate_transformation_mode");
  return {};
}

}  // namespace tenon::lowering
