// SPDX-License-Identifier: Apache-2.0
// ai.onnx Sinh, form 9: the hyperbolic sine of X.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::sinh(x); });
}

}  // namespace

TENON_OPERATOR(sinh){
    .name = "Sinh",
    .form = 9,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
