// SPDX-License-Identifier: Apache-2.0
// ai.onnx Asinh, form 9: the inverse hyperbolic sine of X.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::asinh(x); });
}

}  // namespace

TENON_OPERATOR(asinh){
    .name = "Asinh",
    .form = 9,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
