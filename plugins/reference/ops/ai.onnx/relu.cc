// SPDX-License-Identifier: Apache-2.0
// ai.onnx Relu, form 6: Y = max(X, 0); NaN stays NaN.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kFloats + kit::kSignedInts;

void run(Context& c) {
  unary(c, kTypes, []<class W>(W x) { return x < 0 ? W{0} : x; });
}

}  // namespace

TENON_OPERATOR(relu){
    .name = "Relu",
    .form = 6,
    .types = {{"T", kTypes}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
