// SPDX-License-Identifier: Apache-2.0
// ai.onnx And, form 7: whether A and B are both true, broadcast.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::Types<kit::Bool>{};

void run(Context& c) {
  compare(c, kTypes, [](auto a, auto b) { return a != 0 && b != 0; });
}

}  // namespace

TENON_OPERATOR(and){
    .name = "And",
    .form = 7,
    .types = {{"T", kTypes}, {"T1", kit::Types<kit::Bool>{}}},
    .inputs = {"T", "T"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
