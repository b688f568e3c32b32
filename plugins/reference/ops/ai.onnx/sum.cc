// SPDX-License-Identifier: Apache-2.0
// ai.onnx Sum, form 8: the inputs added up in order, broadcast, in double; rounded once.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  variadic(c, kit::kFloats, [](double a, double b) { return a + b; });
}

}  // namespace

TENON_OPERATOR(sum){
    .name = "Sum",
    .form = 8,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T..."},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
