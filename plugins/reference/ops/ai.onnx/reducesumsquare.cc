// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceSumSquare, form 18: sums of squares over axes; 0 for empty sets, integers wrap around.
#include "reduce.hpp"

namespace tenon::reference {

TENON_OPERATOR(reducesumsquare) = reduction<SquaresOf>("ReduceSumSquare", 18, kSummable);

}  // namespace tenon::reference
