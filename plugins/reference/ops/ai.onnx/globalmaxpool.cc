// SPDX-License-Identifier: Apache-2.0
// ai.onnx GlobalMaxPool, form 1: the largest of each plane, X [N, C, D1...] -> Y [N, C, 1...]. NaN wins.
#include "pool.hpp"

namespace tenon::reference {

TENON_OPERATOR(globalmaxpool) = plane_reduction<LargestOf>("GlobalMaxPool");

}  // namespace tenon::reference
