// SPDX-License-Identifier: Apache-2.0
// ai.onnx RandomNormalLike, form 1: a tensor of the input's dims, drawn from a normal distribution.
#include "random.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) { draw_normal(c, c.input(0).dims()); }

}  // namespace

TENON_OPERATOR(randomnormallike){
    .name = "RandomNormalLike",
    .form = 1,
    .types = {{"T1", kit::kAllBasic}, {"T2", kit::kFloats}},
    .inputs = {"T1"},
    .outputs = {"T2"},
    .run = run,
};

}  // namespace tenon::reference
