// SPDX-License-Identifier: Apache-2.0
// RoiAlign of opsets 10 to 15 does not shift its coordinates by half a pixel.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_roi_align(Raise& raise) {
  raise.node.set_string("coordinate_transformation_mode", "output_half_pixel");
  return {};
}

}  // namespace tenon::forms
