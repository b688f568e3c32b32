// SPDX-License-Identifier: Apache-2.0
// ai.onnx Atanh, form 9: the inverse hyperbolic tangent of X.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::atanh(x); });
}

}  // namespace

TENON_OPERATOR(atanh){
    .name = "Atanh",
    .form = 9,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
