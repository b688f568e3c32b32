// SPDX-License-Identifier: Apache-2.0
// ai.onnx Exp, form 6: Y = e^X.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::exp(x); });
}

}  // namespace

TENON_OPERATOR(exp){
    .name = "Exp",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
