// SPDX-License-Identifier: Apache-2.0
// ai.onnx Mul, form 7: C = A * B, broadcast; integers wrap around.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  binary(c, kit::kNumbers, []<class W>(W a, W b) { return multiply(a, b); });
}

}  // namespace

TENON_OPERATOR(mul){
    .name = "Mul",
    .form = 7,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
