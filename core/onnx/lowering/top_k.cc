// SPDX-License-Identifier: Apache-2.0
// TopK before opset 10 has k as an attribute.
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {

Status lower_top_k(Lower& lower) {
  if (lower.form >= 10) {
    return {};
  }
  std::vector<int64_t> k;
  if (!lower.integers(1, &k) || k.size() != 1) {
    return lower.refuse("before opset 10 its k has to be a constant");
  }
  lower.node.set_int("k", k[0]);
  lower.keep_inputs(1);
  return {};
}

}  // namespace tenon::lowering
