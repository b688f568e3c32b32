// SPDX-License-Identifier: Apache-2.0
// Declarations of every rule in rules.def.
#pragma once

#include "core/onnx/forms/forms.hpp"

namespace tenon::forms {

#define RAISE(op, function) Status function(Raise& raise);
#define RAISE_ML(op, function) Status function(Raise& raise);
#include "core/onnx/forms/rules.def"
#undef RAISE
#undef RAISE_ML

}  // namespace tenon::forms
