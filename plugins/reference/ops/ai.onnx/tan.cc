// SPDX-License-Identifier: Apache-2.0
// ai.onnx Tan, form 7: the tangent of X (radians).
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::tan(x); });
}

}  // namespace

TENON_OPERATOR(tan){
    .name = "Tan",
    .form = 7,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
