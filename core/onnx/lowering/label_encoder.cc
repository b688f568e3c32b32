// SPDX-License-Identifier: Apache-2.0
// LabelEncoder of ai.onnx.ml 1: a class is its place in a list, in both directions.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_label_encoder(Lower& lower) {
  if (lower.form >= 2) {
    return {};
  }
  const bool from_text = lower.node.attribute("keys_strings") != nullptr;
  const Attribute* names = lower.node.attribute(from_text ? "keys_strings" : "values_strings");
  const Attribute* places = lower.node.attribute(from_text ? "values_int64s" : "keys_int64s");
  if (names == nullptr || places == nullptr || names->strings.size() != places->ints.size()) {
    return lower.refuse("before opset 2 of ai.onnx.ml it is between strings and their places in a list");
  }
  for (size_t i = 0; i < places->ints.size(); ++i) {
    if (places->ints[i] != static_cast<int64_t>(i)) {
      return lower.refuse("before opset 2 of ai.onnx.ml the numbers are places in a list");
    }
  }
  Attribute classes = *names;
  classes.name = "classes_strings";
  std::vector<Attribute> kept = {std::move(classes)};
  for (const char* name : {"default_int64", "default_string"}) {
    if (const Attribute* value = lower.node.attribute(name)) {
      kept.push_back(*value);
    }
  }
  lower.node.attributes = std::move(kept);
  return {};
}

}  // namespace tenon::lowering
