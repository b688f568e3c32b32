// SPDX-License-Identifier: Apache-2.0
// ai.onnx Mish, form 18: X * tanh(ln(1 + exp(X))).
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return x * std::tanh(x > 40 ? x : std::log1p(std::exp(x))); });
}

}  // namespace

TENON_OPERATOR(mish){
    .name = "Mish",
    .form = 18,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
