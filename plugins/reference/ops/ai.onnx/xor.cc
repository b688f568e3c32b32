// SPDX-License-Identifier: Apache-2.0
// ai.onnx Xor, form 7: whether one of A and B is true and the other not, broadcast.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  compare(c, kit::Types<kit::Bool>{}, [](auto a, auto b) { return (a != 0) != (b != 0); });
}

}  // namespace

TENON_OPERATOR(xor){
    .name = "Xor",
    .form = 7,
    .types = {{"T", kit::Types<kit::Bool>{}}, {"T1", kit::Types<kit::Bool>{}}},
    .inputs = {"T", "T"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
