// SPDX-License-Identifier: Apache-2.0
// Quantized tensors: real = (stored - zero point) * scale. Arithmetic is done in double, in which differences and
// products of 8-bit integers, and their sums, are exact.
#ifndef TENON_REFERENCE_QUANTIZE_HPP_
#define TENON_REFERENCE_QUANTIZE_HPP_

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "operator.hpp"

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

/// Input i broadcast to `dims`, as doubles; a vector of more than one is one for each row when `rows`.
template <class List>
std::vector<double> spread(const Context& c, size_t i, List list, DimsView dims, bool rows) {
  const Input& x = c.input(i);
  const std::vector<double> values = reals(x, list);
  Dims from = x.dims();
  if (rows && from.size() == 1 && from[0] != 1) from.push_back(1);
  if (x.count() == 1) from.clear();
  std::vector<double> out(static_cast<size_t>(kit::count(dims)));
  kit::copy(sizeof(double), Dims(dims.begin(), dims.end()), out.data(), kit::dense_strides(dims), values.data(),
            kit::broadcast_strides(from, dims));
  return out;
}

/// The elements of input i less those of the zero points, which are input z where it is there. A zero point for each
/// row may come as a vector: `rows`.
template <class List>
std::vector<double> centred(const Context& c, size_t i, size_t z, List list, bool rows = false) {
  std::vector<double> out = reals(c.input(i), list);
  if (!c.has_input(z)) return out;
  const std::vector<double> zeros = spread(c, z, list, c.input(i).dims(), rows);
  std::ranges::transform(out, zeros, out.begin(), std::minus<>());
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

inline constexpr auto kQuantized =
    kit::kFloat8 + kit::kFloat6 + kit::kSmallInts + kit::Types<kit::Float4E2M1, int8_t, int16_t, uint8_t, uint16_t>{};

/// Which of the scales (and zero points) an element of x has: one for all, one for each entry of `axis`, or one for
/// each block of `block_size` entries of it. Reads attributes axis and block_size; `scales` is the input with the
/// scales.
class ScaleOf {
 public:
  ScaleOf(const Context& c, const Input& x, const Input& scales) {
    if (scales.count() == 1 && scales.rank() <= 1) return;
    const int64_t axis = kit::normal_axis(c.attributes().integer("axis", 1), x.rank(), "attribute 'axis'");
    n_ = x.dim(axis);
    inner_ = kit::dense_strides(x.dims())[static_cast<size_t>(axis)];
    if (scales.rank() == 1) {
      require(scales.dim(0) == n_, TENON_RUN, "there are ", scales.dim(0), " scales, expected ", n_);
      vector_ = true;
      return;
    }
    block_ = c.attributes().integer("block_size", 0);
    Dims wanted = x.dims();
    require(block_ > 0, TENON_RUN, "the scales have dims ", DimsView(scales.dims()), ", but attribute 'block_size' is ",
            block_);
    blocks_ = n_ / block_ + (n_ % block_ != 0 ? 1 : 0);
    wanted[static_cast<size_t>(axis)] = blocks_;
    require(scales.dims() == wanted, TENON_RUN, "the scales have dims ", DimsView(scales.dims()), ", expected ",
            DimsView(wanted));
  }
  /// The index of element i's scale.
  size_t operator()(int64_t i) const {
    if (n_ == 0) return 0;
    const int64_t along = i / inner_ % n_;
    if (vector_) return static_cast<size_t>(along);
    return static_cast<size_t>((i / (inner_ * n_) * blocks_ + along / block_) * inner_ + i % inner_);
  }

 private:
  int64_t n_ = 0, inner_ = 1, block_ = 1, blocks_ = 1;
  bool vector_ = false;
};

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_QUANTIZE_HPP_
