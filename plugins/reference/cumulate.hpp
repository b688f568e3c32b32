// SPDX-License-Identifier: Apache-2.0
// CumSum and CumProd: what the elements up to each one make, along an axis.
#ifndef TENON_REFERENCE_CUMULATE_HPP_
#define TENON_REFERENCE_CUMULATE_HPP_

#include "elementwise.hpp"

namespace tenon::reference {

inline constexpr auto kCumulated = kit::kFloats + kit::Types<int32_t, int64_t, uint32_t, uint64_t>{};

/// y[i] = fn(...fn(start, x[0])..., x[i]), over Wide values, each rounded; without x[i] when `exclusive`, from the end
/// when `reverse`.
template <class F>
void cumulate(Context& c, int start, F fn) {
  const Input& x = c.input(0);
  const Dims given = c.integers(1);
  require(given.size() == 1, TENON_RUN, "input 'axis' has ", given.size(), " elements, expected 1");
  const int64_t axis = kit::normal_axis(given[0], x.rank(), "input 'axis'");
  Output& y = c.output(0, x.dims());
  if (y.count() == 0) return;
  const bool exclusive = c.attributes().flag("exclusive"), reverse = c.attributes().flag("reverse");
  const int64_t n = x.dim(axis);
  const int64_t inner = kit::dense_strides(x.dims())[static_cast<size_t>(axis)];
  kit::dispatch(kCumulated, x.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t line = 0; line < x.count() / n; ++line) {
      c.check();
      const int64_t first = line / inner * n * inner + line % inner;
      auto sum = static_cast<kit::Wide<T>>(start);
      for (int64_t i = 0; i < n; ++i) {
        const int64_t at = first + (reverse ? n - 1 - i : i) * inner;
        const auto with = fn(sum, kit::widen(x.data<T>()[at]));
        y.data<T>()[at] = kit::narrow<T>(exclusive ? sum : with);
        sum = with;
      }
    }
  });
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_CUMULATE_HPP_
