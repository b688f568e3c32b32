// SPDX-License-Identifier: Apache-2.0
// ai.onnx Not, form 1: whether X is false.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::Types<kit::Bool>{};

void run(Context& c) {
  unary(c, kTypes, [](uint64_t x) { return uint64_t{x == 0}; });
}

}  // namespace

TENON_OPERATOR(not ){
    .name = "Not",
    .form = 1,
    .types = {{"T", kTypes}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
