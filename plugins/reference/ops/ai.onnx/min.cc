// SPDX-License-Identifier: Apache-2.0
// ai.onnx Min, form 8: the least of all inputs, broadcast; NaN when one is NaN.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  variadic(c, kit::kNumbers, []<class W>(W a, W b) { return b < a || b != b ? b : a; });
}

}  // namespace

TENON_OPERATOR(min){
    .name = "Min",
    .form = 8,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T..."},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
