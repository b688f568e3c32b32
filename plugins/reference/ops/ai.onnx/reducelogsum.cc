// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceLogSum, form 18: logarithms of the sums over axes; -infinity for empty sets.
#include "reduce.hpp"

namespace tenon::reference {

TENON_OPERATOR(reducelogsum) = reduction<LogSumOf>("ReduceLogSum", 18, kit::kFloats);

}  // namespace tenon::reference
