// SPDX-License-Identifier: Apache-2.0
// ai.onnx BitwiseXor, form 18: the bits that one of A and B has, broadcast.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  binary(c, kit::kInts, []<class W>(W a, W b) { return static_cast<W>(a ^ b); });
}

}  // namespace

TENON_OPERATOR(bitwisexor){
    .name = "BitwiseXor",
    .form = 18,
    .types = {{"T", kit::kInts}},
    .inputs = {"T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
