// SPDX-License-Identifier: Apache-2.0
// Softmax, LogSoftmax, Hardmax, LpNormalization: each line of a float tensor along one axis makes the same line of the
// output.
#ifndef TENON_REFERENCE_LINES_HPP_
#define TENON_REFERENCE_LINES_HPP_

#include "operator.hpp"

namespace tenon::reference {

/// Output 0 of input 0's dims; line(x, y, n, step) is called once for each line along the attribute `axis` (default:
/// the last): n elements, `step` apart, of x and of y. Lines may run side by side.
template <class Line>
void each_line(Context& c, const Line& line) {
  const Input& x = c.input(0);
  const int64_t axis = kit::normal_axis(c.attributes().integer("axis", -1), x.rank(), "attribute 'axis'");
  Output& y = c.output(0, x.dims());
  if (x.count() == 0) return;
  const int64_t n = x.dim(axis), step = kit::dense_strides(x.dims())[static_cast<size_t>(axis)];
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(x.count() / n, [&](int64_t i) {
      c.check();
      const int64_t first = i / step * n * step + i % step;
      line(x.data<T>() + first, y.data<T>() + first, n, step);
    });
  });
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_LINES_HPP_
