// SPDX-License-Identifier: Apache-2.0
// ai.onnx HardSigmoid, form 6: Y = max(0, min(1, alpha * X + beta)); NaN stays NaN.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const double alpha = c.attributes().number("alpha");
  const double beta = c.attributes().number("beta");
  unary(c, kit::kFloats, [=](double x) {
    const double y = alpha * x + beta;
    return y < 0 ? 0.0 : y > 1 ? 1.0 : y;
  });
}

}  // namespace

TENON_OPERATOR(hardsigmoid){
    .name = "HardSigmoid",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
