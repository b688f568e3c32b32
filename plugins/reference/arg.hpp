// SPDX-License-Identifier: Apache-2.0
// ArgMax and ArgMin: where along an axis the best element lies.
#ifndef TENON_REFERENCE_ARG_HPP_
#define TENON_REFERENCE_ARG_HPP_

#include "operator.hpp"

namespace tenon::reference {

/// Indices along `axis` of the element that better(x, best) puts first; of equal ones the first, or the last when
/// select_last_index. NaN is better than every number.
template <class F>
void arg_of(Context& c, F better) {
  const Input& x = c.input(0);
  const int64_t axis = kit::normal_axis(c.attributes().integer("axis", 0), x.rank(), "attribute 'axis'");
  const int64_t n = x.dim(axis);
  Dims dims = x.dims();
  if (c.attributes().flag("keepdims", true)) {
    dims[static_cast<size_t>(axis)] = 1;
  } else {
    dims.erase(dims.begin() + axis);
  }
  Output& y = c.output(0, dims);
  if (y.count() == 0) return;
  require(n != 0, TENON_RUN, "axis ", axis, " of the input has no elements");
  const bool last = c.attributes().flag("select_last_index");
  const int64_t inner = kit::dense_strides(x.dims())[static_cast<size_t>(axis)];
  kit::dispatch(kit::kNumbers, x.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t o = 0; o < y.count(); ++o) {
      if (o % 1024 == 0) c.check();
      const T* line = x.data<T>() + o / inner * n * inner + o % inner;
      int64_t at = 0;
      for (int64_t i = 1; i < n; ++i) {
        const auto value = kit::widen(line[i * inner]), best = kit::widen(line[at * inner]);
        const bool is_nan = value != value, best_is_nan = best != best;
        const bool equal = is_nan || best_is_nan ? is_nan && best_is_nan : value == best;
        if (equal ? last : is_nan || (!best_is_nan && better(value, best))) at = i;
      }
      y.data<int64_t>()[o] = at;
    }
  });
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_ARG_HPP_
