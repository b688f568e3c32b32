// SPDX-License-Identifier: Apache-2.0
// ai.onnx Div, form 7: C = A / B, broadcast; integers round toward zero, and a divisor of 0 is an error.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

template <class W>
W divide(W a, W b) {
  if constexpr (!std::is_same_v<W, double>) {
    if (b == 0) fail(TENON_RUN, "an integer is divided by 0, expected another divisor");
    if constexpr (std::is_signed_v<W>) {
      if (b == -1) return subtract(W{0}, a);  // the lowest integer has no positive counterpart: it wraps around
    }
  }
  return a / b;
}

void run(Context& c) {
  binary(c, kit::kNumbers, []<class W>(W a, W b) { return divide(a, b); });
}

}  // namespace

TENON_OPERATOR(div){
    .name = "Div",
    .form = 7,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
