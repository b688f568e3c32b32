// SPDX-License-Identifier: Apache-2.0
// GroupNormalization of opsets 18 to 20 has one scale and bias for each group, not for each channel: possible where
// those of a group are equal, as raising leaves them.
#include <cstring>

#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {
namespace {

// One element of each of `groups` equal runs; NULL when the elements of a run differ.
ConstantPtr one_of_each(const Constant& channels, uint64_t groups) {
  const uint64_t width = dtype_bits(channels.dtype) / 8;
  const uint64_t count = channels.elements();
  if (channels.dims.size() != 1 || width == 0 || groups == 0 || count % groups != 0) {
    return nullptr;
  }
  std::vector<std::byte> kept(groups * width);
  const uint64_t run = count / groups;
  for (uint64_t i = 0; i < count; ++i) {
    const std::byte* element = channels.data + (channels.splat ? 0 : i * width);
    std::byte* to = kept.data() + i / run * width;
    if (i % run == 0) {
      std::memcpy(to, element, width);
    } else if (std::memcmp(to, element, width) != 0) {
      return nullptr;
    }
  }
  return make_constant(channels.dtype, {static_cast<int64_t>(groups)}, kept.data(), kept.size());
}

}  // namespace

Status lower_group_normalization(Lower& lower) {
  if (lower.form >= 21 || lower.form == 0) {
    return {};
  }
  const int64_t groups = lower.node.int_or("num_groups", 0);
  if (lower.node.int_or("stash_type", 1) != 1) {
    return lower.refuse("before opset 21 it can't be told in which precision to work");
  }
  for (const size_t input : {1U, 2U}) {
    const Constant* channels = lower.constant_input(input);
    const ConstantPtr kept =
        channels == nullptr || groups <= 0 ? nullptr : one_of_each(*channels, static_cast<uint64_t>(groups));
    if (kept == nullptr) {
      return lower.refuse("before opset 21 all channels of a group have one scale and one bias");
    }
    lower.node.inputs[input] = lower.constant(input == 1 ? "scale" : "bias", kept);
  }
  lower.node.erase_attribute("stash_type");
  return {};
}

}  // namespace tenon::lowering
