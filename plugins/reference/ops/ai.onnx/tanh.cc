// SPDX-License-Identifier: Apache-2.0
// ai.onnx Tanh, form 6: Y = tanh(X).
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::tanh(x); });
}

}  // namespace

TENON_OPERATOR(tanh){
    .name = "Tanh",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
