// SPDX-License-Identifier: Apache-2.0
// ai.onnx Ceil, form 6: the least integer not below X.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::ceil(x); });
}

}  // namespace

TENON_OPERATOR(ceil){
    .name = "Ceil",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
