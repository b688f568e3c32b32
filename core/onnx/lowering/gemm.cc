// SPDX-License-Identifier: Apache-2.0
// Gemm before opset 11 needs its C: adding -0 changes nothing, not even the sign of a zero.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_gemm(Lower& lower) {
  if (lower.form < 7) {
    return lower.refuse("before opset 7 it is told how to broadcast");
  }
  if (lower.form >= 11 || lower.has_input(2)) {
    return {};
  }
  const Dtype dtype = lower.type(0).dtype;
  const float single = -0.0F;
  const double wide = -0.0;
  const uint16_t half = 0x8000;
  const uint64_t zero = 0;
  const void* element = dtype == TENON_FLOAT32   ? static_cast<const void*>(&single)
                        : dtype == TENON_FLOAT64 ? static_cast<const void*>(&wide)
                        : dtype == TENON_FLOAT16 ? static_cast<const void*>(&half)
                                                 : static_cast<const void*>(&zero);
  const uint32_t bits = dtype_bits(dtype);
  if (bits < 8) {
    return lower.refuse("the element type of its inputs is not known");
  }
  lower.node.inputs.resize(2, kNone);
  lower.node.inputs.push_back(lower.constant("C", make_constant(dtype, {1}, element, bits / 8)));
  lower.node.set_float("beta", 1);
  return {};
}

}  // namespace tenon::lowering
