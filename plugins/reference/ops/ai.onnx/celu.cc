// SPDX-License-Identifier: Apache-2.0
// ai.onnx Celu, form 12: max(0, X) + min(0, alpha * (exp(X / alpha) - 1)).
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const double alpha = c.attributes().number("alpha", 1);
  unary(c, kit::kFloats, [=](double x) { return x < 0 ? alpha * std::expm1(x / alpha) : x; });
}

}  // namespace

TENON_OPERATOR(celu){
    .name = "Celu",
    .form = 12,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
