// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceL2, form 18: roots of the sums of squares over axes; 0 for empty sets, integers are cut toward zero.
#include "reduce.hpp"

namespace tenon::reference {

TENON_OPERATOR(reducel2) = reduction<LengthOf>("ReduceL2", 18, kSummable);

}  // namespace tenon::reference
