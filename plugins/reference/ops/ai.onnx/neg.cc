// SPDX-License-Identifier: Apache-2.0
// ai.onnx Neg, form 6: Y = -X; the least integer stays itself.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kFloats + kit::kSignedInts;

void run(Context& c) {
  unary(c, kTypes, []<class W>(W x) {
    if constexpr (std::is_floating_point_v<W>) {
      return -x;  // 0 - x would lose the sign of a zero
    } else {
      return subtract(W{0}, x);
    }
  });
}

}  // namespace

TENON_OPERATOR(neg){
    .name = "Neg",
    .form = 6,
    .types = {{"T", kTypes}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
