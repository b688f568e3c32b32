// SPDX-License-Identifier: Apache-2.0
// ai.onnx Floor, form 6: the largest integer not above X.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kFloats, [](double x) { return std::floor(x); });
}

}  // namespace

TENON_OPERATOR(floor){
    .name = "Floor",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
