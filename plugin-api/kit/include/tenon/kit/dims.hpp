// SPDX-License-Identifier: Apache-2.0
// Dims, checked sizes, strides in elements, axes, broadcasting, and the walk over an N-dimensional index space.
#ifndef TENON_KIT_DIMS_HPP_
#define TENON_KIT_DIMS_HPP_

#include <tenon/kit/dtypes.hpp>
#include <tenon/provider/error.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tenon::kit {

using Dims = std::vector<int64_t>;
using DimsView = std::span<const int64_t>;

/// a * b and a + b; throw TENON_LIMIT when the result does not fit.
inline int64_t checked_mul(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) plugin::fail(TENON_LIMIT, "size ", a, " x ", b, " does not fit in 64 bits");
  return out;
}
inline int64_t checked_add(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) plugin::fail(TENON_LIMIT, "size ", a, " + ", b, " does not fit in 64 bits");
  return out;
}

/// Number of elements of non-negative dims; 1 for rank 0.
inline int64_t count(DimsView dims) {
  int64_t n = 1;
  for (const int64_t d : dims) n = checked_mul(n, d);
  return n;
}

/// Bytes of `n` dense elements, sub-byte ones packed; not for strings.
inline int64_t byte_count(uint32_t dtype, int64_t n) {
  const int64_t bits = dtype_bits(dtype);
  if (bits >= 8) return checked_mul(n, bits / 8);
  return n / 8 * bits + (n % 8 * bits + 7) / 8;
}

/// Row-major strides in elements.
inline Dims dense_strides(DimsView dims) {
  Dims out(dims.size());
  int64_t step = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    out[i] = step;
    step = checked_mul(step, dims[i]);
  }
  return out;
}

/// `axis` made non-negative; throws TENON_RUN naming `what` unless it is in [-rank, rank - 1].
inline int64_t normal_axis(int64_t axis, int64_t rank, std::string_view what) {
  if (axis < -rank || axis >= rank) {
    plugin::fail(TENON_RUN, what, " is ", axis, ", expected one in [", -rank, ", ", rank - 1, "]");
  }
  return axis < 0 ? axis + rank : axis;
}

/// As normal_axis for each; throws when one appears twice. Order is kept.
inline Dims normal_axes(DimsView axes, int64_t rank, std::string_view what) {
  Dims out;
  for (const int64_t a : axes) {
    const int64_t axis = normal_axis(a, rank, what);
    if (std::find(out.begin(), out.end(), axis) != out.end()) {
      plugin::fail(TENON_RUN, what, " names axis ", axis, " twice");
    }
    out.push_back(axis);
  }
  return out;
}

/// Dims that both broadcast to (multidirectional, as numpy); throws TENON_RUN when they don't.
inline Dims broadcast(DimsView a, DimsView b) {
  Dims out(std::max(a.size(), b.size()));
  for (size_t i = 0; i < out.size(); ++i) {  // from the last axis
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) plugin::fail(TENON_RUN, "dims ", a, " and ", b, " do not broadcast");
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

/// Strides in elements by which a dense tensor of dims `from` is read as one of dims `to`; throws TENON_RUN when it
/// does not broadcast to that.
inline Dims broadcast_strides(DimsView from, DimsView to) {
  if (from.size() > to.size()) plugin::fail(TENON_RUN, "dims ", from, " do not broadcast to ", to);
  const Dims dense = dense_strides(from);
  const size_t lead = to.size() - from.size();
  Dims out(to.size(), 0);
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != to[lead + i] && from[i] != 1) plugin::fail(TENON_RUN, "dims ", from, " do not broadcast to ", to);
    out[lead + i] = from[i] == 1 ? 0 : dense[i];
  }
  return out;
}

/// An index space of `dims` in which each of N tensors has strides of its own (in elements, any sign). Neighbouring
/// axes that every tensor walks evenly are joined, so that rows are as long as they can be.
template <size_t N>
class Walk {
 public:
  Walk(DimsView dims, const std::array<Dims, N>& strides) {
    for (size_t i = 0; i < dims.size(); ++i) {
      if (dims[i] == 0) empty_ = true;
      if (dims[i] == 1) continue;
      std::array<int64_t, N> step;
      for (size_t k = 0; k < N; ++k) step[k] = strides[k][i];
      if (!dims_.empty() && joins(step, dims[i])) {
        dims_.back() *= dims[i];
        steps_.back() = step;
      } else {
        dims_.push_back(dims[i]);
        steps_.push_back(step);
      }
    }
    if (dims_.empty()) {
      dims_.push_back(1);
      steps_.push_back({});
    }
  }

  /// Calls row(offsets, n, steps) for each innermost row in row-major order: element j of it lies at
  /// offsets[k] + j * steps[k] in tensor k.
  template <class F>
  void rows(F&& row) const {
    if (empty_) return;
    const size_t outer = dims_.size() - 1;
    std::array<int64_t, N> offset{};
    Dims index(outer, 0);
    while (true) {
      row(static_cast<const std::array<int64_t, N>&>(offset), dims_[outer], steps_[outer]);
      size_t axis = outer;
      while (axis-- > 0) {
        for (size_t k = 0; k < N; ++k) offset[k] += steps_[axis][k];
        if (++index[axis] < dims_[axis]) break;
        for (size_t k = 0; k < N; ++k) offset[k] -= steps_[axis][k] * dims_[axis];
        index[axis] = 0;
      }
      if (axis == SIZE_MAX) return;
    }
  }

 private:
  bool joins(const std::array<int64_t, N>& step, int64_t dim) const {
    for (size_t k = 0; k < N; ++k) {
      if (steps_.back()[k] != step[k] * dim) return false;
    }
    return true;
  }
  bool empty_ = false;
  Dims dims_;
  std::vector<std::array<int64_t, N>> steps_;
};

}  // namespace tenon::kit

#endif  // TENON_KIT_DIMS_HPP_
