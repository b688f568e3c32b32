// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceMin, form 18: the least over axes; NaN wins, an empty set gives the largest value of the type.
#include "reduce.hpp"

namespace tenon::reference {

TENON_OPERATOR(reducemin) = reduction<LeastOf>("ReduceMin", 18, kOrdered);

}  // namespace tenon::reference
