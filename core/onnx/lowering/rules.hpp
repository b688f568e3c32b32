// SPDX-License-Identifier: Apache-2.0
// Declarations of every rule in rules.def.
#pragma once

#include "core/onnx/lowering/lowering.hpp"

namespace tenon::lowering {

#define LOWER(op, function) Status function(Lower& lower);
#define LOWER_ML(op, function) Status function(Lower& lower);
#include "core/onnx/lowering/rules.def"
#undef LOWER
#undef LOWER_ML

}  // namespace tenon::lowering
