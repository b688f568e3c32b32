// SPDX-License-Identifier: Apache-2.0
// Split before opset 18 takes the number of its parts from that of its outputs, before opset 13 its sizes from an
// attribute. Parts that are not equal need sizes there.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {
namespace {

// The sizes of `num_outputs` parts, where those are not equal or it is not known whether they are.
Status write_sizes(Lower& lower) {
  const auto parts = static_cast<int64_t>(lower.node.outputs.size());
  const int64_t rank = lower.rank(0);
  int64_t axis = lower.node.int_or("axis", 0);
  axis += axis < 0 ? rank : 0;
  const bool known = axis >= 0 && axis < rank && (*lower.type(0).shape)[static_cast<size_t>(axis)].known();
  if (!known) {
    // Of a model that is older itself nothing else was ever allowed.
    return lower.targets.own_opset < 18
               ? Status()
               : lower.refuse("before opset 18 all parts are equal, and its axis is not known");
  }
  const int64_t size = (*lower.type(0).shape)[static_cast<size_t>(axis)].size;
  if (size % parts == 0) {
    return {};
  }
  const int64_t part = (size + parts - 1) / parts;
  std::vector<int64_t> sizes(static_cast<size_t>(parts), part);
  sizes.back() = size - part * (parts - 1);
  if (sizes.back() < 0) {
    return lower.refuse("it has more parts than its axis allows");
  }
  lower.node.inputs.resize(1);
  lower.node.inputs.push_back(lower.constant("split", make_int64_constant({parts}, sizes)));
  return {};
}

}  // namespace

Status lower_split(Lower& lower) {
  if (lower.form >= 18) {
    return {};
  }
  if (!lower.has_input(1)) {
    TENON_RETURN_IF_ERROR(write_sizes(lower));
  }
  lower.node.erase_attribute("num_outputs");
  if (lower.form >= 13) {
    return {};
  }
  std::vector<int64_t> sizes;
  if (lower.has_input(1)) {
    if (!lower.integers(1, &sizes)) {
      return lower.refuse("before opset 13 its sizes have to be constants");
    }
    lower.node.set_ints("split", std::move(sizes));
  }
  lower.keep_inputs(1);
  return {};
}

}  // namespace tenon::lowering
