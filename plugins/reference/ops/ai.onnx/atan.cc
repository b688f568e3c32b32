// SPDX-License-Identifier: Apache-2.0
// ai.onnx Atan, form 7: the arc tangent of X, in radians.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::atan(x); });
}

}  // namespace

TENON_OPERATOR(atan){
    .name = "Atan",
    .form = 7,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
