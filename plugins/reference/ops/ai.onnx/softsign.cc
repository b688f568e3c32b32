// SPDX-License-Identifier: Apache-2.0
// ai.onnx Softsign, form 1: X / (1 + |X|).
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return x / (1 + std::fabs(x)); });
}

}  // namespace

TENON_OPERATOR(softsign){
    .name = "Softsign",
    .form = 1,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
