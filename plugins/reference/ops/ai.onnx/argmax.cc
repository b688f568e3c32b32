// SPDX-License-Identifier: Apache-2.0
// ai.onnx ArgMax, form 1: the index of the largest element along an axis; NaN is larger than every number.
#include "arg.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  arg_of(c, [](auto x, auto best) { return x > best; });
}

}  // namespace

TENON_OPERATOR(argmax){
    .name = "ArgMax",
    .form = 1,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T"},
    .outputs = {"int64"},
    .run = run,
};

}  // namespace tenon::reference
