// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceLogSumExp, form 18: logarithms of the sums of exponentials over axes; -infinity for empty sets.
#include "reduce.hpp"

namespace tenon::reference {

TENON_OPERATOR(reducelogsumexp) = reduction<LogSumExpOf>("ReduceLogSumExp", 18, kit::kFloats);

}  // namespace tenon::reference
