// SPDX-License-Identifier: Apache-2.0
// ai.onnx Reciprocal, form 6: Y = 1 / X, correctly rounded.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return 1.0 / x; });
}

}  // namespace

TENON_OPERATOR(reciprocal){
    .name = "Reciprocal",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
