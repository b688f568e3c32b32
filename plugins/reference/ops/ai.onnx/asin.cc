// SPDX-License-Identifier: Apache-2.0
// ai.onnx Asin, form 7: the arc sine of X, in radians.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::asin(x); });
}

}  // namespace

TENON_OPERATOR(asin){
    .name = "Asin",
    .form = 7,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
