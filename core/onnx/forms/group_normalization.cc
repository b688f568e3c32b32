// SPDX-License-Identifier: Apache-2.0
// GroupNormalization of opsets 18 to 20 has one scale and bias for each group; later there is one for each channel.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_group_normalization(Raise& raise) {
  const int64_t groups = raise.node.int_or("num_groups", 0);
  const Type& type = raise.type(0);
  if (raise.rank(0) < 2 || !(*type.shape)[1].known()) {
    return raise.refuse("its number of channels is not known");
  }
  const int64_t channels = (*type.shape)[1].size;
  if (groups <= 0 || channels % groups != 0) {
    return raise.refuse(std::to_string(channels) +
                        " channels are no multiple of num_groups = " + std::to_string(groups));
  }
  const ValueId column = raise.int64s("column", {groups, 1});
  const ValueId full = raise.int64s("full", {groups, channels / groups});
  const ValueId flat = raise.int64s("flat", {channels});
  for (const size_t input : {1U, 2U}) {
    TENON_ASSIGN_OR_RETURN(ValueId value, raise.emit("Reshape", {raise.node.inputs[input], column}));
    TENON_ASSIGN_OR_RETURN(value, raise.emit("Expand", {value, full}));
    TENON_ASSIGN_OR_RETURN(value, raise.emit("Reshape", {value, flat}));
    raise.node.inputs[input] = value;
  }
  return {};
}

}  // namespace tenon::forms
