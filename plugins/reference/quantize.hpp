// SPDX-License-Identifier: Apache-2.0
// Quantized tensors: real = (stored - zero point) * scale. Arithmetic is done in double, in which differences and
// products of 8-bit integers, and their sums, are exact.
#ifndef TENON_REFERENCE_QUANTIZE_HPP_
#define TENON_REFERENCE_QUANTIZE_HPP_

#include <cmath>
#include <limits>

#include "elementwise.hpp"

namespace tenon::reference {

inline constexpr kit::Types<int8_t, uint8_t> kBytes{};
inline constexpr kit::Types<float, kit::Float16, kit::BFloat16> kScales{};

/// The least and the largest value of an integer type.
template <class T>
constexpr std::pair<double, double> integer_range() {
  if constexpr (kit::is_small_int<T>) {
    constexpr bool is_signed = std::is_same_v<T, kit::Int4> || std::is_same_v<T, kit::Int2>;
    constexpr int bits = std::is_same_v<T, kit::Int4> || std::is_same_v<T, kit::UInt4> ? 4 : 2;
    constexpr double count = 1 << bits;
    return is_signed ? std::pair(-count / 2, count / 2 - 1) : std::pair(0.0, count - 1);
  } else {
    return {static_cast<double>(std::numeric_limits<T>::min()), static_cast<double>(std::numeric_limits<T>::max())};
  }
}

/// x / scale and a zero point as a T: integers are rounded to nearest even, then moved, then bounded (NaN becomes the
/// least); floats are bounded when `saturate`.
template <class T>
T quantized(double quotient, double zero, bool saturate = true) {
  if constexpr (kit::is_float<T>) {
    return T(quotient + zero, saturate);
  } else {
    const auto [low, high] = integer_range<T>();
    const double x = std::nearbyint(quotient) + zero;
    return static_cast<T>(static_cast<int64_t>(x > low ? std::min(x, high) : low));
  }
}

/// Every element as a double; `list` has the input's type.
template <class List>
std::vector<double> reals(const Input& x, List list) {
  std::vector<double> out(static_cast<size_t>(x.count()));
  kit::dispatch(list, x.dtype(), [&]<class T>(Tag<T>) {
    std::transform(x.data<T>(), x.data<T>() + x.count(), out.begin(),
                   [](T v) { return static_cast<double>(kit::widen(v)); });
  });
  return out;
}

/// The elements of input i less those of the zero points, which are input z where it is there. A zero point for each
/// row may come as a vector: `rows`.
template <class List>
std::vector<double> centred(const Context& c, size_t i, size_t z, List list, bool rows = false) {
  std::vector<double> out = reals(c.input(i), list);
  if (!c.has_input(z)) return out;
  const Input& zero = c.input(z);
  const std::vector<double> zeros = reals(zero, list);
  Dims dims = zero.dims();
  if (rows && dims.size() == 1 && dims[0] != 1) dims.push_back(1);
  if (zero.count() == 1) dims.clear();
  const DimsView all = c.input(i).dims();
  broadcast_into(c, all, out.data(), dims, zeros.data(), all, out.data(), [](double x, double y) { return x - y; });
  return out;
}

/// As centred, for the weights of a convolution [M, ...]: one zero point, or one for each of the M maps.
inline std::vector<double> centred_maps(const Context& c, size_t i, size_t z) {
  const Input& w = c.input(i);
  std::vector<double> out = reals(w, kBytes);
  if (!c.has_input(z)) return out;
  const std::vector<double> zeros = reals(c.input(z), kBytes);
  const auto maps = static_cast<size_t>(w.dim(0));
  require(zeros.size() == 1 || zeros.size() == maps, TENON_RUN, "input ", z, " has ", zeros.size(),
          " zero points, expected 1 or ", maps);
  const size_t each = maps == 0 ? 1 : out.size() / maps;
  for (size_t k = 0; k < out.size(); ++k) out[k] -= zeros[zeros.size() == 1 ? 0 : k / each];
  return out;
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_QUANTIZE_HPP_
