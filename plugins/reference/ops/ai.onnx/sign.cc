// SPDX-License-Identifier: Apache-2.0
// ai.onnx Sign, form 9: 1 above 0, -1 below 0, else X (0 and NaN).
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kNumbers, []<class W>(W x) { return x > 0 ? W{1} : x < 0 ? static_cast<W>(-1) : x; });
}

}  // namespace

TENON_OPERATOR(sign){
    .name = "Sign",
    .form = 9,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
