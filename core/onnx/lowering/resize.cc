// SPDX-License-Identifier: Apache-2.0
// Resize before opset 18 takes all axes, before 13 wants an empty tensor for what is absent; in opset 10 it has scales
// alone, maps coordinates by x / scale and takes for `nearest` the floor where it enlarges and the ceiling where it
// shrinks; before that it is Upsample, which only enlarges.
#include <algorithm>

#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {
namespace {

enum Input : size_t { kRoi = 1, kScales = 2, kSizes = 3 };

// scales and sizes of some axes as those of all.
Status spread_axes(Lower& lower) {
  const Attribute* axes = lower.node.attribute("axes");
  if (axes == nullptr) {
    return {};
  }
  const int64_t rank = lower.rank(0);
  std::vector<float> scales;
  const std::vector<int64_t> picked = axes->ints;
  const bool ready = rank >= 0 && !lower.has_input(kRoi) && !lower.has_input(kSizes) &&
                     lower.floats(kScales, &scales) && scales.size() == picked.size();
  if (!ready) {
    return lower.refuse("before opset 18 it takes all axes, and its scales are no constants");
  }
  std::vector<float> all(static_cast<size_t>(rank), 1.0F);
  for (size_t i = 0; i < picked.size(); ++i) {
    const int64_t axis = picked[i] + (picked[i] < 0 ? rank : 0);
    if (axis < 0 || axis >= rank) {
      return lower.refuse("its axes do not fit rank " + std::to_string(rank));
    }
    all[static_cast<size_t>(axis)] = scales[i];
  }
  lower.node.inputs[kScales] =
      lower.constant("scales", make_constant(TENON_FLOAT32, {rank}, all.data(), all.size() * sizeof(float)));
  lower.node.erase_attribute("axes");
  return {};
}

Status to_form_11(Lower& lower) {
  if (lower.node.string_or("coordinate_transformation_mode", "half_pixel") == "half_pixel_symmetric") {
    return lower.refuse("coordinate_transformation_mode = half_pixel_symmetric came with opset 19");
  }
  lower.node.inputs.resize(lower.has_input(kSizes) ? 4 : 3, kNone);
  for (const size_t input : {kRoi, kScales}) {
    if (!lower.has_input(input)) {
      lower.node.inputs[input] =
          lower.constant(input == kRoi ? "roi" : "scales", make_constant(TENON_FLOAT32, {0}, nullptr, 0));
    }
  }
  return {};
}

// Whether x / scale and the rounding of `nearest` are those of old: TENON_OK with `enlarges`, whether every scale is
// known to be at least 1. Before opset 10 it was Upsample, whose scales are, constants or not.
Status check_old_meaning(Lower& lower, bool* enlarges) {
  const std::string mode = lower.node.string_or("mode", "nearest");
  const bool nearest = mode == "nearest";
  std::vector<float> scales;
  const bool constant = lower.floats(kScales, &scales);
  if (lower.has_input(kSizes) || !lower.has_input(kScales)) {
    return lower.refuse("before opset 11 it is told scales, not sizes");
  }
  if ((!nearest && mode != "linear") ||
      lower.node.string_or("coordinate_transformation_mode", "half_pixel") != "asymmetric") {
    return lower.refuse("before opset 11 there are only nearest and linear, with asymmetric coordinates");
  }
  *enlarges = constant ? std::all_of(scales.begin(), scales.end(), [](float scale) { return scale >= 1; })
                       : lower.targets.own_opset < 10;
  const bool shrinks = constant && std::all_of(scales.begin(), scales.end(), [](float scale) { return scale <= 1; });
  const std::string rounding = lower.node.string_or("nearest_mode", "round_prefer_floor");
  if (nearest && !(rounding == "floor" && *enlarges) && !(rounding == "ceil" && shrinks)) {
    return lower.refuse("before opset 11 nearest is the floor where it enlarges and the ceiling where it shrinks");
  }
  return {};
}

Attribute mode_of(const Lower& lower) {
  Attribute mode;
  mode.name = "mode";
  mode.type = onnx_facts::kAttrString;
  mode.s = lower.node.string_or("mode", "nearest");
  return mode;
}

Status to_upsample(Lower& lower, bool enlarges) {
  if (!enlarges) {
    return lower.refuse("before opset 10 it enlarges only, and its scales are smaller or no constants");
  }
  lower.node.op = "Upsample";
  lower.node.attributes = {mode_of(lower)};
  const ValueId scales = lower.node.inputs[kScales];
  std::vector<float> values;
  if (lower.opset >= 9) {
    lower.node.inputs = {lower.node.inputs[0], scales};
    return {};
  }
  if (lower.opset < 7 || !lower.floats(kScales, &values)) {
    return lower.refuse("before opset 9 its scales have to be constants, before opset 7 they are two");
  }
  Attribute list;
  list.name = "scales";
  list.type = onnx_facts::kAttrFloats;
  list.floats = std::move(values);
  lower.node.attributes.push_back(std::move(list));
  lower.node.inputs.resize(1);
  return {};
}

}  // namespace

Status lower_resize(Lower& lower) {
  if (lower.opset < 18) {
    TENON_RETURN_IF_ERROR(spread_axes(lower));
  }
  if (lower.form >= 13) {
    return {};
  }
  if (lower.form == 11) {
    return to_form_11(lower);
  }
  bool enlarges = false;
  TENON_RETURN_IF_ERROR(check_old_meaning(lower, &enlarges));
  if (lower.form == 0) {
    return to_upsample(lower, enlarges);
  }
  lower.node.inputs = {lower.node.inputs[0], lower.node.inputs[kScales]};
  lower.node.attributes = {mode_of(lower)};
  return {};
}

}  // namespace tenon::lowering
