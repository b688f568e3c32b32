// SPDX-License-Identifier: Apache-2.0
// ai.onnx Round, form 11: the nearest integer to X, ties to the even one.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::nearbyint(x); });
}

}  // namespace

TENON_OPERATOR(round){
    .name = "Round",
    .form = 11,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
