// SPDX-License-Identifier: Apache-2.0
// ai.onnx GreaterOrEqual, form 12: whether A >= B, broadcast; never with a NaN.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kNumbers;

void run(Context& c) {
  compare(c, kTypes, [](auto a, auto b) { return a >= b; });
}

}  // namespace

TENON_OPERATOR(greaterorequal){
    .name = "GreaterOrEqual",
    .form = 12,
    .types = {{"T", kTypes}, {"T1", kit::Types<kit::Bool>{}}},
    .inputs = {"T", "T"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
