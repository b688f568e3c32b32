// SPDX-License-Identifier: Apache-2.0
// ai.onnx BitwiseAnd, form 18: the bits that A and B both have, broadcast.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  binary(c, kit::kInts, []<class W>(W a, W b) { return static_cast<W>(a & b); });
}

}  // namespace

TENON_OPERATOR(bitwiseand){
    .name = "BitwiseAnd",
    .form = 18,
    .types = {{"T", kit::kInts}},
    .inputs = {"T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
