// SPDX-License-Identifier: Apache-2.0
// ai.onnx Sub, form 7: C = A - B, broadcast; integers wrap around.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  binary(c, kit::kNumbers, []<class W>(W a, W b) { return subtract(a, b); });
}

}  // namespace

TENON_OPERATOR(sub){
    .name = "Sub",
    .form = 7,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
