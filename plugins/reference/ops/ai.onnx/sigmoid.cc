// SPDX-License-Identifier: Apache-2.0
// ai.onnx Sigmoid, form 6: Y = 1 / (1 + e^-X).
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return 1 / (1 + std::exp(-x)); });
}

}  // namespace

TENON_OPERATOR(sigmoid){
    .name = "Sigmoid",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
