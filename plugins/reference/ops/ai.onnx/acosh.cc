// SPDX-License-Identifier: Apache-2.0
// ai.onnx Acosh, form 9: the inverse hyperbolic cosine of X.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::acosh(x); });
}

}  // namespace

TENON_OPERATOR(acosh){
    .name = "Acosh",
    .form = 9,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
