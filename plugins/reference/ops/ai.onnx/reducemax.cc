// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceMax, form 18: the largest over axes; NaN wins, an empty set gives the least value of the type.
#include "elementwise.hpp"
#include "reduce.hpp"

namespace tenon::reference {
namespace {

struct ReduceMax {
  template <class T>
  static kit::Wide<T> start() {
    return least<T>();
  }
  template <class W>
  static W step(W a, W x) {
    return x > a || x != x ? x : a;
  }
  template <class W>
  static W finish(W a, int64_t) {
    return a;
  }
};

void run(Context& c) { reduce(c, kOrdered, ReduceMax()); }

}  // namespace

TENON_OPERATOR(reducemax){
    .name = "ReduceMax",
    .form = 18,
    .types = {{"T", kOrdered}},
    .inputs = {"T", "int64?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
