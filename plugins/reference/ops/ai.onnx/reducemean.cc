// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceMean, form 18: means over axes; integers are cut toward zero, the mean of an empty set is NaN (0 for
// integers).
#include "reduce.hpp"

namespace tenon::reference {

TENON_OPERATOR(reducemean) = reduction<MeanOf>("ReduceMean", 18, kSummable);

}  // namespace tenon::reference
