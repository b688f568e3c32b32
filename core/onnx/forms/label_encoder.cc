// SPDX-License-Identifier: Apache-2.0
// LabelEncoder of ai.onnx.ml 1: a class is its place in classes_strings, in both directions.
#include "core/onnx/forms/rules.hpp"
#include "core/onnx/schema.hpp"

namespace tenon::forms {

Status raise_label_encoder(Raise& raise) {
  const Attribute* classes = raise.node.attribute("classes_strings");
  const Dtype dtype = raise.type(0).dtype;
  if (classes == nullptr || (dtype != TENON_STRING && dtype != TENON_INT64)) {
    return raise.refuse("it has no classes, or the element type of its input is not known");
  }
  Attribute names = *classes;
  Attribute places;
  places.type = onnx_facts::kAttrInts;
  for (size_t i = 0; i < names.strings.size(); ++i) {
    places.ints.push_back(static_cast<int64_t>(i));
  }
  names.name = dtype == TENON_STRING ? "keys_strings" : "values_strings";
  places.name = dtype == TENON_STRING ? "values_int64s" : "keys_int64s";
  raise.node.erase_attribute("classes_strings");
  raise.node.attributes.push_back(std::move(names));
  raise.node.attributes.push_back(std::move(places));
  return {};
}

}  // namespace tenon::forms
