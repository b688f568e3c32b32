// SPDX-License-Identifier: Apache-2.0
// ai.onnx RandomUniform, form 1: a tensor of the attribute `shape`, drawn evenly from [low, high).
#include "random.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const std::span<const int64_t> shape = c.attributes().ints("shape");
  draw_uniform(c, Dims(shape.begin(), shape.end()));
}

}  // namespace

TENON_OPERATOR(randomuniform){
    .name = "RandomUniform",
    .form = 1,
    .types = {{"T", kit::kFloats}},
    .inputs = {},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
