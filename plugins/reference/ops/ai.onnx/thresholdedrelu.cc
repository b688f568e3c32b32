// SPDX-License-Identifier: Apache-2.0
// ai.onnx ThresholdedRelu, form 10: X where it is above alpha, 0 elsewhere.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const double alpha = c.attributes().number("alpha", 1);
  unary(c, kit::kFloats, [=](double x) { return x > alpha ? x : x != x ? x : 0; });
}

}  // namespace

TENON_OPERATOR(thresholdedrelu){
    .name = "ThresholdedRelu",
    .form = 10,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
