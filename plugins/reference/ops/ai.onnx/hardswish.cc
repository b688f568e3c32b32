// SPDX-License-Identifier: Apache-2.0
// ai.onnx HardSwish, form 14: Y = X * max(0, min(1, X / 6 + 0.5)).
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) {
    const double gate = x / 6 + 0.5;
    return x * (gate < 0 ? 0.0 : gate > 1 ? 1.0 : gate);
  });
}

}  // namespace

TENON_OPERATOR(hardswish){
    .name = "HardSwish",
    .form = 14,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
