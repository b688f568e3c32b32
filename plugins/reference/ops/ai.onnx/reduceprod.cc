// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceProd, form 18: products over axes; 1 for empty sets, integers wrap around.
#include "elementwise.hpp"
#include "reduce.hpp"

namespace tenon::reference {
namespace {

struct ReduceProd {
  template <class T>
  static kit::Wide<T> start() {
    return 1;
  }
  template <class W>
  static W step(W a, W x) {
    return multiply(a, x);
  }
  template <class W>
  static W finish(W a, int64_t) {
    return a;
  }
};

void run(Context& c) { reduce(c, kSummable, ReduceProd()); }

}  // namespace

TENON_OPERATOR(reduceprod){
    .name = "ReduceProd",
    .form = 18,
    .types = {{"T", kSummable}},
    .inputs = {"T", "int64?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
