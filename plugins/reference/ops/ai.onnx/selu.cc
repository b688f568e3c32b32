// SPDX-License-Identifier: Apache-2.0
// ai.onnx Selu, form 6: gamma * X, or gamma * alpha * (exp(X) - 1) up to 0.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const double alpha = c.attributes().number("alpha", 1.67326319217681884765625);
  const double gamma = c.attributes().number("gamma", 1.05070102214813232421875);
  unary(c, kit::kFloats, [=](double x) { return gamma * (x > 0 ? x : alpha * std::expm1(x)); });
}

}  // namespace

TENON_OPERATOR(selu){
    .name = "Selu",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
