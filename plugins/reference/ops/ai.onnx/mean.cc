// SPDX-License-Identifier: Apache-2.0
// ai.onnx Mean, form 8: the mean of all inputs, broadcast; one rounding.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const auto n = static_cast<double>(c.ninputs());
  variadic(
      c, kit::kFloats, [](double a, double b) { return a + b; }, [n](double sum) { return sum / n; });
}

}  // namespace

TENON_OPERATOR(mean){
    .name = "Mean",
    .form = 8,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T..."},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
