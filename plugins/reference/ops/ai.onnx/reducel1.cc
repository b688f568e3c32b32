// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceL1, form 18: sums of magnitudes over axes; 0 for empty sets, integers wrap around.
#include "reduce.hpp"

namespace tenon::reference {

TENON_OPERATOR(reducel1) = reduction<MagnitudesOf>("ReduceL1", 18, kSummable);

}  // namespace tenon::reference
