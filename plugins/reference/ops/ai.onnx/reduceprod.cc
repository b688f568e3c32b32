// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceProd, form 18: products over axes; 1 for empty sets, integers wrap around.
#include "reduce.hpp"

namespace tenon::reference {

TENON_OPERATOR(reduceprod) = reduction<ProductOf>("ReduceProd", 18, kSummable);

}  // namespace tenon::reference
