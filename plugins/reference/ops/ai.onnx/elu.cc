// SPDX-License-Identifier: Apache-2.0
// ai.onnx Elu, form 6: X, or alpha * (exp(X) - 1) below 0.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const double alpha = c.attributes().number("alpha", 1);
  unary(c, kit::kFloats, [=](double x) { return x < 0 ? alpha * std::expm1(x) : x; });
}

}  // namespace

TENON_OPERATOR(elu){
    .name = "Elu",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
