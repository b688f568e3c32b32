// SPDX-License-Identifier: Apache-2.0
// ai.onnx Log, form 6: Y = ln(X).
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::log(x); });
}

}  // namespace

TENON_OPERATOR(log){
    .name = "Log",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
