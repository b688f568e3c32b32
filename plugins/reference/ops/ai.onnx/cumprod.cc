// SPDX-License-Identifier: Apache-2.0
// ai.onnx CumProd, form 26: the products of the elements up to each one along an axis; integers wrap around.
#include "cumulate.hpp"

namespace tenon::reference {
namespace {

constexpr auto kIndex = kit::Types<int32_t, int64_t>{};

void run(Context& c) {
  cumulate(c, 1, []<class W>(W a, W b) { return multiply(a, b); });
}

}  // namespace

TENON_OPERATOR(cumprod){
    .name = "CumProd",
    .form = 26,
    .types = {{"T", kCumulated}, {"T2", kIndex}},
    .inputs = {"T", "T2"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
