// SPDX-License-Identifier: Apache-2.0
// ai.onnx LeakyRelu, form 6: Y = X, times alpha below 0.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const double alpha = c.attributes().number("alpha");
  unary(c, kit::kFloats, [=](double x) { return x < 0 ? alpha * x : x; });
}

}  // namespace

TENON_OPERATOR(leakyrelu){
    .name = "LeakyRelu",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
