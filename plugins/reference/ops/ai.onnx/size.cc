// SPDX-License-Identifier: Apache-2.0
// ai.onnx Size, form 1: the number of the input's elements.
#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) { *c.output(0, {}).data<int64_t>() = c.input(0).count(); }

}  // namespace

TENON_OPERATOR(size){
    .name = "Size",
    .form = 1,
    .types = {{"T", kit::kAll}, {"T1", kit::Types<int64_t>{}}},
    .inputs = {"T"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
