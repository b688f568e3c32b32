// SPDX-License-Identifier: Apache-2.0
// Resize of opset 10 has scales alone, maps coordinates by x / scale and takes for `nearest` the floor where it
// enlarges and the ceiling where it shrinks. Resize of opsets 11 and 12 wants an empty tensor for what is absent.
#include "core/onnx/forms/rules.hpp"

#include <cstring>

namespace tenon::forms {
namespace {

Status raise_resize_10(Raise& raise) {
  std::string nearest = "floor";
  if (raise.node.string_or("mode", "nearest") == "nearest") {
    std::vector<float> scales;
    if (!raise.floats(1, &scales)) {
      return raise.refuse("its scales are no constant, and rounding depends on them");
    }
    bool enlarges = false;
    bool shrinks = false;
    for (const float scale : scales) {
      enlarges = enlarges || scale > 1;
      shrinks = shrinks || scale < 1;
    }
    if (enlarges && shrinks) {
      return raise.refuse("it enlarges along one axis and shrinks along another");
    }
    nearest = shrinks ? "ceil" : "floor";
  }
  raise.node.set_string("coordinate_transformation_mode", "asymmetric");
  raise.node.set_string("nearest_mode", nearest);
  raise.node.inputs = {raise.node.inputs[0], kNone, raise.node.inputs[1]};
  return {};
}

}  // namespace

Status raise_resize(Raise& raise) {
  if (raise.form == 10) {
    return raise_resize_10(raise);
  }
  const std::string mode = raise.node.string_or("coordinate_transformation_mode", "half_pixel");
  if (mode == "tf_half_pixel_for_nn") {
    return raise.refuse("coordinate_transformation_mode = tf_half_pixel_for_nn has no later form");
  }
  if (mode != "tf_crop_and_resize") {
    raise.node.inputs[1] = kNone;
  }
  if (raise.has_input(3)) {
    raise.node.inputs[2] = kNone;  // required to be empty
  }
  return {};
}

// Upsample: opset 1 has two scales, 7 a list, 9 an input. It enlarges only, and is Resize's x / scale and floor.
Status raise_upsample(Raise& raise) {
  const std::string mode = raise.node.string_or("mode", "nearest");
  ValueId scales = raise.form == 9 ? raise.node.inputs[1] : kNone;
  if (raise.form == 7) {
    const Attribute* list = raise.node.attribute("scales");
    const std::vector<float> values = list == nullptr ? std::vector<float>() : list->floats;
    scales = raise.constant("scales", make_constant(TENON_FLOAT32, {static_cast<int64_t>(values.size())}, values.data(),
                                                    values.size() * sizeof(float)));
  } else if (raise.form == 1) {
    const float values[] = {1, 1, raise.node.float_or("height_scale", 1), raise.node.float_or("width_scale", 1)};
    scales = raise.constant("scales", make_constant(TENON_FLOAT32, {4}, values, sizeof(values)));
  }
  raise.node.op = "Resize";
  raise.node.attributes.clear();
  raise.node.set_string("mode", mode == "bilinear" ? "linear" : mode);
  raise.node.set_string("coordinate_transformation_mode", "asymmetric");
  raise.node.set_string("nearest_mode", "floor");
  raise.node.inputs = {raise.node.inputs[0], kNone, scales};
  return {};
}

}  // namespace tenon::forms
