// SPDX-License-Identifier: Apache-2.0
// ai.onnx GlobalAveragePool, form 1: the mean of each plane, X [N, C, D1...] -> Y [N, C, 1...].
#include "pool.hpp"

namespace tenon::reference {

TENON_OPERATOR(globalaveragepool) = plane_reduction<MeanOf>("GlobalAveragePool");

}  // namespace tenon::reference
