// SPDX-License-Identifier: Apache-2.0
// ai.onnx Erf, form 9: Y = 2 / sqrt(pi) * integral of e^(-t^2) from 0 to X.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::erf(x); });
}

}  // namespace

TENON_OPERATOR(erf){
    .name = "Erf",
    .form = 9,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
