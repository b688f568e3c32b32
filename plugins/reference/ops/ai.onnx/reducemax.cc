// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceMax, form 18: the largest over axes; NaN wins, an empty set gives the least value of the type.
#include "reduce.hpp"

namespace tenon::reference {

TENON_OPERATOR(reducemax) = reduction<LargestOf>("ReduceMax", 18, kOrdered);

}  // namespace tenon::reference
