// SPDX-License-Identifier: Apache-2.0
// The discrete Fourier transform by its definition, for DFT and STFT.
#ifndef TENON_REFERENCE_FOURIER_HPP_
#define TENON_REFERENCE_FOURIER_HPP_

#include <cmath>
#include <complex>
#include <numbers>

#include "operator.hpp"

namespace tenon::reference {

using Signal = std::vector<std::complex<double>>;

/// The first `count` of y[k] = sum of x[i] * exp(-2 pi i k / n) with n = x.size(); with + in the exponent, over n, when
/// `inverse`.
inline Signal transform(const Signal& x, size_t count, bool inverse) {
  const size_t n = x.size();
  Signal roots(n), y(count);
  for (size_t i = 0; i < n; ++i) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n);
    roots[i] = {std::cos(angle), inverse ? std::sin(angle) : -std::sin(angle)};
  }
  for (size_t k = 0; k < count; ++k) {
    for (size_t i = 0; i < n; ++i) y[k] += x[i] * roots[i * k % n];
    if (inverse) y[k] /= static_cast<double>(n);
  }
  return y;
}

/// Entries of a spectrum of a real signal that tell all of it.
inline int64_t one_side(int64_t n) { return n / 2 + 1; }

/// A positive number that an input says, or `otherwise` without it.
inline int64_t length_input(const Context& c, size_t i, int64_t otherwise) {
  const int64_t n = c.has_input(i) && c.input(i).count() == 1 ? c.integers(i)[0] : otherwise;
  require(n > 0, TENON_RUN, "the length is ", n, ", expected 1 or more");
  return n;
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_FOURIER_HPP_
