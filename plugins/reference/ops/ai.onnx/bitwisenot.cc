// SPDX-License-Identifier: Apache-2.0
// ai.onnx BitwiseNot, form 18: each bit of X the other way.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kInts, []<class W>(W x) { return static_cast<W>(~x); });
}

}  // namespace

TENON_OPERATOR(bitwisenot){
    .name = "BitwiseNot",
    .form = 18,
    .types = {{"T", kit::kInts}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
