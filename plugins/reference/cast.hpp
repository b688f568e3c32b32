// SPDX-License-Identifier: Apache-2.0
// What Cast and CastLike share.
#ifndef TENON_REFERENCE_CAST_HPP_
#define TENON_REFERENCE_CAST_HPP_

#include "operator.hpp"

namespace tenon::reference {

/// Input 0 in the type of y, which has its dims, by the rules of Cast (ops/ai.onnx/cast.cc); reads attributes saturate
/// and round_mode.
void cast(Context& c, Output& y);

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_CAST_HPP_
