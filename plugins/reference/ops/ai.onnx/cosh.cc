// SPDX-License-Identifier: Apache-2.0
// ai.onnx Cosh, form 9: the hyperbolic cosine of X.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::cosh(x); });
}

}  // namespace

TENON_OPERATOR(cosh){
    .name = "Cosh",
    .form = 9,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
