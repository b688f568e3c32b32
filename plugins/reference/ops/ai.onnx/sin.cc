// SPDX-License-Identifier: Apache-2.0
// ai.onnx Sin, form 7: Y = sin(X), X in radians.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::sin(x); });
}

}  // namespace

TENON_OPERATOR(sin){
    .name = "Sin",
    .form = 7,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
