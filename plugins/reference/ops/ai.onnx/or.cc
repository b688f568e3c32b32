// SPDX-License-Identifier: Apache-2.0
// ai.onnx Or, form 7: whether A or B is true, broadcast.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  compare(c, kit::Types<kit::Bool>{}, [](auto a, auto b) { return a != 0 || b != 0; });
}

}  // namespace

TENON_OPERATOR(or){
    .name = "Or",
    .form = 7,
    .types = {{"T", kit::Types<kit::Bool>{}}, {"T1", kit::Types<kit::Bool>{}}},
    .inputs = {"T", "T"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
