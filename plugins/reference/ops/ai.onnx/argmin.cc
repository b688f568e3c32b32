// SPDX-License-Identifier: Apache-2.0
// ai.onnx ArgMin, form 1: the index of the least element along an axis; NaN comes before every number.
#include "arg.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  arg_of(c, [](auto x, auto best) { return x < best; });
}

}  // namespace

TENON_OPERATOR(argmin){
    .name = "ArgMin",
    .form = 1,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T"},
    .outputs = {"int64"},
    .run = run,
};

}  // namespace tenon::reference
