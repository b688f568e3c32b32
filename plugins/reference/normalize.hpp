// SPDX-License-Identifier: Apache-2.0
// InstanceNormalization and GroupNormalization: planes of an image over their mean and deviation.
#ifndef TENON_REFERENCE_NORMALIZE_HPP_
#define TENON_REFERENCE_NORMALIZE_HPP_

#include <cmath>

#include "operator.hpp"

namespace tenon::reference {

/// X [N, C, D1...], each of its N * `groups` groups of channels less its mean, over the root of its variance plus
/// attribute epsilon; then times scale[c] plus bias[c], inputs 1 and 2. In double, rounded once.
inline void normalize_groups(Context& c, int64_t groups) {
  const Input& x = c.input(0);
  require(x.rank() >= 2 && groups > 0 && x.dim(1) % groups == 0, TENON_RUN, "X has dims ", DimsView(x.dims()),
          ", which do not make ", groups, " groups of channels");
  const Dims channels{x.dim(1)};
  require(c.input(1).dims() == channels && c.input(2).dims() == channels, TENON_RUN, "scale and bias have dims ",
          DimsView(c.input(1).dims()), " and ", DimsView(c.input(2).dims()), ", expected ", DimsView(channels));
  const double epsilon = c.attributes().number("epsilon", 1e-5);
  Output& y = c.output(0, x.dims());
  if (x.count() == 0) return;
  const int64_t plane = x.count() / (x.dim(0) * x.dim(1)), n = x.dim(1) / groups * plane;
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    const T *scale = c.input(1).data<T>(), *bias = c.input(2).data<T>();
    c.parallel_for(x.dim(0) * groups, [&](int64_t g) {
      c.check();
      const T* from = x.data<T>() + g * n;
      double sum = 0, squares = 0;
      for (int64_t i = 0; i < n; ++i) sum += kit::widen(from[i]);
      const double mean = sum / static_cast<double>(n);
      for (int64_t i = 0; i < n; ++i) squares += (kit::widen(from[i]) - mean) * (kit::widen(from[i]) - mean);
      const double factor = 1 / std::sqrt(squares / static_cast<double>(n) + epsilon);
      for (int64_t i = 0; i < n; ++i) {
        const int64_t channel = g % groups * (n / plane) + i / plane;
        const double normal = (kit::widen(from[i]) - mean) * factor;
        y.data<T>()[g * n + i] = kit::narrow<T>(normal * kit::widen(scale[channel]) + kit::widen(bias[channel]));
      }
    });
  });
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_NORMALIZE_HPP_
