// SPDX-License-Identifier: Apache-2.0
// ai.onnx Swish, form 24: Y = X / (1 + e^(-alpha X)).
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const double alpha = c.attributes().number("alpha", 1);
  unary(c, kit::kFloats, [=](double x) { return x / (1 + std::exp(-alpha * x)); });
}

}  // namespace

TENON_OPERATOR(swish){
    .name = "Swish",
    .form = 24,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
