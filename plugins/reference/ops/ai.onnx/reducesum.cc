// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceSum, form 13: sums over axes; 0 for empty sets, integers wrap around.
#include "reduce.hpp"

namespace tenon::reference {

TENON_OPERATOR(reducesum) = reduction<SumOf>("ReduceSum", 13, kSummable);

}  // namespace tenon::reference
