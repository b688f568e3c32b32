// SPDX-License-Identifier: Apache-2.0
// ai.onnx Acos, form 7: the arc cosine of X, in radians.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::acos(x); });
}

}  // namespace

TENON_OPERATOR(acos){
    .name = "Acos",
    .form = 7,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
