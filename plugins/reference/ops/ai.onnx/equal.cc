// SPDX-License-Identifier: Apache-2.0
// ai.onnx Equal, form 7: whether A equals B, broadcast; NaN equals nothing, strings are equal byte by byte.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kNumbers + kit::Types<kit::Bool, kit::String>{};

void run(Context& c) {
  compare(c, kTypes, [](auto a, auto b) { return a == b; });
}

}  // namespace

TENON_OPERATOR(equal){
    .name = "Equal",
    .form = 7,
    .types = {{"T", kTypes}, {"T1", kit::Types<kit::Bool>{}}},
    .inputs = {"T", "T"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
