// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceMin, form 18: the least over axes; NaN wins, an empty set gives the largest value of the type.
#include "elementwise.hpp"
#include "reduce.hpp"

namespace tenon::reference {
namespace {

struct ReduceMin {
  template <class T>
  static kit::Wide<T> start() {
    return largest<T>();
  }
  template <class W>
  static W step(W a, W x) {
    return x < a || x != x ? x : a;
  }
  template <class W>
  static W finish(W a, int64_t) {
    return a;
  }
};

void run(Context& c) { reduce(c, kOrdered, ReduceMin()); }

}  // namespace

TENON_OPERATOR(reducemin){
    .name = "ReduceMin",
    .form = 18,
    .types = {{"T", kOrdered}},
    .inputs = {"T", "int64?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
