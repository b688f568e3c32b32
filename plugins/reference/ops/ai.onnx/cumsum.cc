// SPDX-License-Identifier: Apache-2.0
// ai.onnx CumSum, form 11: the sums of the elements up to each one along an axis; integers wrap around.
#include "cumulate.hpp"

namespace tenon::reference {
namespace {

constexpr auto kIndex = kit::Types<int32_t, int64_t>{};

void run(Context& c) {
  cumulate(c, 0, []<class W>(W a, W b) { return add(a, b); });
}

}  // namespace

TENON_OPERATOR(cumsum){
    .name = "CumSum",
    .form = 11,
    .types = {{"T", kCumulated}, {"T2", kIndex}},
    .inputs = {"T", "T2"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
