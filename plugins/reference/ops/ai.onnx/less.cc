// SPDX-License-Identifier: Apache-2.0
// ai.onnx Less, form 7: whether A < B, broadcast; never with a NaN.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  compare(c, kit::kNumbers, [](auto a, auto b) { return a < b; });
}

}  // namespace

TENON_OPERATOR(less){
    .name = "Less",
    .form = 7,
    .types = {{"T", kit::kNumbers}, {"T1", kit::Types<kit::Bool>{}}},
    .inputs = {"T", "T"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
