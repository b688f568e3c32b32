// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReduceMean, form 18: means over axes; integers are cut toward zero, the mean of an empty set is NaN (0 for
// integers).
#include "elementwise.hpp"
#include "reduce.hpp"

namespace tenon::reference {
namespace {

struct ReduceMean {
  template <class T>
  static kit::Wide<T> start() {
    return 0;
  }
  template <class W>
  static W step(W a, W x) {
    return add(a, x);
  }
  template <class W>
  static W finish(W a, int64_t n) {
    if constexpr (std::is_floating_point_v<W>) {
      return a / static_cast<double>(n);
    } else {
      return n == 0 ? W{0} : static_cast<W>(a / static_cast<W>(n));
    }
  }
};

void run(Context& c) { reduce(c, kSummable, ReduceMean()); }

}  // namespace

TENON_OPERATOR(reducemean){
    .name = "ReduceMean",
    .form = 18,
    .types = {{"T", kSummable}},
    .inputs = {"T", "int64?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
