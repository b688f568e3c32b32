// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceSum, form 13: sums over axes; 0 for empty sets, integers wrap around.
#include "elementwise.hpp"
#include "reduce.hpp"

namespace tenon::reference {
namespace {

struct ReduceSum {
  template <class T>
  static kit::Wide<T> start() {
    return 0;
  }
  template <class W>
  static W step(W a, W x) {
    return add(a, x);
  }
  template <class W>
  static W finish(W a, int64_t) {
    return a;
  }
};

void run(Context& c) { reduce(c, kSummable, ReduceSum()); }

}  // namespace

TENON_OPERATOR(reducesum){
    .name = "ReduceSum",
    .form = 13,
    .types = {{"T", kSummable}},
    .inputs = {"T", "int64?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
