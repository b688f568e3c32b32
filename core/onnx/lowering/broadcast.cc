// SPDX-License-Identifier: Apache-2.0
// Add, Sub, Mul, Div, Pow, comparisons and logic before opset 7 broadcast B alone, along axes of A that `axis` and
// `broadcast` tell. Max, Min, Mean and Sum before opset 8 take equal shapes only.
#include <algorithm>

#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {
namespace {

bool same(const Dim& a, const Dim& b) {
  return a.known() ? a.size == b.size : !b.known() && a.symbol != 0 && a.symbol == b.symbol;
}

bool same_shapes(const Type& a, const Type& b) {
  return a.shape && b.shape && std::equal(a.shape->begin(), a.shape->end(), b.shape->begin(), b.shape->end(), same);
}

Attribute int_of(std::string name, int64_t value) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = onnx_facts::kAttrInt;
  attribute.i = value;
  return attribute;
}

}  // namespace

Status lower_broadcast(Lower& lower) {
  if (lower.form >= 7) {
    return {};
  }
  const Type& a = lower.type(0);
  const Type& b = lower.type(1);
  if (same_shapes(a, b)) {
    return {};
  }
  if (!a.shape || !b.shape || b.shape->size() > a.shape->size()) {
    return lower.refuse("before opset 7 only its second input is broadcast");
  }
  // The dims of B that are not 1 in front have to be those of A from some axis on.
  const size_t offset = a.shape->size() - b.shape->size();
  if (!std::equal(b.shape->begin(), b.shape->end(), a.shape->begin() + static_cast<ptrdiff_t>(offset), same)) {
    return lower.refuse("before opset 7 the dims of its second input have to be those of the first from an axis on");
  }
  lower.node.attributes.push_back(int_of("axis", static_cast<int64_t>(offset)));
  lower.node.attributes.push_back(int_of("broadcast", 1));
  return {};
}

Status lower_equal_shapes(Lower& lower) {
  for (size_t i = 1; lower.form < 8 && i < lower.node.inputs.size(); ++i) {
    if (!same_shapes(lower.type(0), lower.type(i))) {
      return lower.refuse("before opset 8 its inputs have to be of one shape");
    }
  }
  return {};
}

}  // namespace tenon::lowering
