// SPDX-License-Identifier: Apache-2.0
// Reshape before opset 14 takes a 0 in the shape for the dim of its input that stands there. Where the shape is that of
// a Softmax of old (flattened to a matrix and back, see core/onnx/forms/softmax.cc), the node is that Softmax again.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {
namespace {

// Whether a dim of the result that may be 0 is the dim of the input in that place.
bool zeros_are_copies(const Lower& lower) {
  const Type& from = lower.type(0);
  const Type& to = lower.output_type(0);
  if (!from.shape || !to.shape) {
    return false;
  }
  for (size_t axis = 0; axis < to.shape->size(); ++axis) {
    const Dim& dim = (*to.shape)[axis];
    const bool never = dim.known() && dim.size > 0;
    const bool copied = axis < from.shape->size() && (*from.shape)[axis] == dim && (dim.known() || dim.symbol != 0);
    if (!never && !copied) {
      return false;
    }
  }
  return true;
}

// Flatten, softmax and Reshape to the shape from before as one node of a form before 13.
bool become_softmax(Lower& lower) {
  const Node* shape = lower.maker(lower.node.inputs[1], "Shape");
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"}) {
    const Node* softmax = lower.maker(lower.node.inputs[0], op);
    const Node* flat = softmax == nullptr ? nullptr : lower.maker(softmax->inputs[0], "Flatten");
    const bool whole = shape != nullptr && shape->int_or("start", 0) == 0 && shape->attribute("end") == nullptr;
    if (flat == nullptr || !whole || flat->inputs[0] != shape->inputs[0] || softmax->int_or("axis", 1) != 1) {
      continue;
    }
    const int64_t axis = flat->int_or("axis", 1);
    lower.node.op = op;
    lower.node.inputs = {flat->inputs[0]};
    lower.node.attributes.clear();
    lower.node.set_int("axis", axis);
    lower.final = true;
    return true;
  }
  return false;
}

}  // namespace

Status lower_reshape(Lower& lower) {
  if (lower.form < 5) {
    return lower.refuse("before opset 5 its shape is an attribute");
  }
  if (lower.opset >= 14 || lower.node.int_or("allowzero", 0) == 0) {
    return {};
  }
  if ((lower.opset < 13 && become_softmax(lower)) || zeros_are_copies(lower)) {
    lower.node.erase_attribute("allowzero");
    return {};
  }
  return lower.refuse("before opset 14 a 0 in its shape means a dim of its input (allowzero = 1)");
}

}  // namespace tenon::lowering
