// SPDX-License-Identifier: Apache-2.0
// ai.onnx Sqrt, form 6: Y = sqrt(X), correctly rounded; NaN below 0.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::sqrt(x); });
}

}  // namespace

TENON_OPERATOR(sqrt){
    .name = "Sqrt",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
