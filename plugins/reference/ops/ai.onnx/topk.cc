// SPDX-License-Identifier: Apache-2.0
// ai.onnx TopK, form 10: the K largest (or least) elements along an axis, and where they were; in order, of equal ones
// the first first. NaN is larger than every number.
#include <algorithm>
#include <numeric>

#include "operator.hpp"

namespace tenon::reference {
namespace {

// Whether x comes before y among the largest.
template <class T>
bool above(T x, T y) {
  const auto a = kit::widen(x), b = kit::widen(y);
  return a > b || (a != a && b == b);
}

void run(Context& c) {
  const Input& x = c.input(0);
  const int64_t axis = kit::normal_axis(c.attributes().integer("axis", -1), x.rank(), "attribute 'axis'");
  const Dims given = c.integers(1);
  const int64_t n = x.dim(axis);
  require(given.size() == 1 && given[0] >= 0 && given[0] <= n, TENON_RUN, "K is ", DimsView(given),
          ", expected one number in [0, ", n, "]");
  const bool largest = c.attributes().flag("largest", true);
  const int64_t k = given[0];
  Dims dims = x.dims();
  dims[static_cast<size_t>(axis)] = k;
  Output& values = c.output(0, dims);
  Output& indices = c.output(1, dims);
  if (values.count() == 0) return;
  const int64_t inner = kit::dense_strides(dims)[static_cast<size_t>(axis)];
  kit::dispatch(kit::kNumbers, x.dtype(), [&]<class T>(Tag<T>) {
    std::vector<int64_t> order(static_cast<size_t>(n));
    for (int64_t line = 0; line < values.count() / k; ++line) {
      c.check();
      const T* from = x.data<T>() + line / inner * n * inner + line % inner;
      std::iota(order.begin(), order.end(), int64_t{0});
      std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int64_t i, int64_t j) {
        const T a = from[i * inner], b = from[j * inner];
        const bool before = largest ? above(a, b) : above(b, a);
        const bool behind = largest ? above(b, a) : above(a, b);
        return before || (!behind && i < j);
      });
      for (int64_t i = 0; i < k; ++i) {
        const int64_t to = line / inner * k * inner + i * inner + line % inner;
        values.data<T>()[to] = from[order[static_cast<size_t>(i)] * inner];
        indices.data<int64_t>()[to] = order[static_cast<size_t>(i)];
      }
    }
  });
}

}  // namespace

TENON_OPERATOR(topk){
    .name = "TopK",
    .form = 10,
    .types = {{"T", kit::kNumbers}, {"I", kit::Types<int64_t>{}}},
    .inputs = {"T", "int64"},
    .outputs = {"T", "I"},
    .run = run,
};

}  // namespace tenon::reference
