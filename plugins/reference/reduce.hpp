// SPDX-License-Identifier: Apache-2.0
// Reductions over axes that come as an input: which elements go into each output, in row-major order; and what is made
// of them.
#ifndef TENON_REFERENCE_REDUCE_HPP_
#define TENON_REFERENCE_REDUCE_HPP_

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "elementwise.hpp"
#include "operator.hpp"

namespace tenon::reference {

/// The axes of a node with `axes` as second input and attributes noop_with_empty_axes and keepdims.
inline std::vector<bool> reduced_axes(const Context& c) {
  const int64_t rank = c.input(0).rank();
  const Dims named = c.has_input(1) ? c.integers(1) : Dims();
  const bool all = named.empty() && !c.attributes().flag("noop_with_empty_axes");
  std::vector<bool> reduced(static_cast<size_t>(rank), all);
  for (const int64_t axis : kit::normal_axes(named, rank, "input 'axes'")) reduced[static_cast<size_t>(axis)] = true;
  return reduced;
}

/// y = finish(step(...step(start, x0)..., xn), n): T to T, over Wide values. An F has start<T>(), step(a, x),
/// finish(a, n). Without axes to reduce each element is a set of one.
template <class List, class F>
void reduce(Context& c, List types, F fn) {
  const Input& x = c.input(0);
  const std::vector<bool> reduced = reduced_axes(c);
  const bool keep = c.attributes().flag("keepdims", true);
  Dims dims;
  Dims kept, kept_steps, inner, inner_steps;
  const Dims steps = kit::dense_strides(x.dims());
  for (size_t i = 0; i < reduced.size(); ++i) {
    (reduced[i] ? inner : kept).push_back(x.dims()[i]);
    (reduced[i] ? inner_steps : kept_steps).push_back(steps[i]);
    if (!reduced[i] || keep) dims.push_back(reduced[i] ? 1 : x.dims()[i]);
  }
  Output& y = c.output(0, dims);
  const int64_t n = kit::count(inner);
  const kit::Walk<1> set(inner, {inner_steps});
  const kit::Walk<2> outputs(kept, {kit::dense_strides(kept), kept_steps});
  kit::dispatch(types, x.dtype(), [&]<class T>(Tag<T>) {
    const auto one = [&](const T* first) {
      auto a = fn.template start<T>();
      set.rows([&](const auto& offset, int64_t count, const auto& step) {
        for (int64_t i = 0; i < count; ++i) a = fn.step(a, kit::widen(first[offset[0] + i * step[0]]));
      });
      return kit::narrow<T>(fn.finish(a, n));
    };
    outputs.rows([&](const auto& offset, int64_t count, const auto& step) {
      for (int64_t i = 0; i < count; ++i) {
        if (i % 64 == 0) c.check();
        y.data<T>()[offset[0] + i * step[0]] = one(x.data<T>() + offset[1] + i * step[1]);
      }
    });
  });
}

/// The least value of T that a reduction may start from: -infinity where there is one.
template <class T>
kit::Wide<T> least() {
  if constexpr (kit::is_float<T>) {
    return -std::numeric_limits<double>::infinity();
  } else if constexpr (std::is_same_v<T, kit::Bool>) {
    return 0;
  } else {
    return static_cast<kit::Wide<T>>(std::numeric_limits<T>::min());
  }
}
/// The largest: infinity where there is one.
template <class T>
kit::Wide<T> largest() {
  if constexpr (kit::is_float<T>) {
    return std::numeric_limits<double>::infinity();
  } else if constexpr (std::is_same_v<T, kit::Bool>) {
    return 1;
  } else {
    return static_cast<kit::Wide<T>>(std::numeric_limits<T>::max());
  }
}

// What `reduce` makes of a set; Wide values, an integer wraps around.

/// 0 for no elements.
struct SumOf {
  template <class T>
  static kit::Wide<T> start() {
    return 0;
  }
  template <class W>
  static W step(W a, W x) {
    return add(a, x);
  }
  template <class W>
  static W finish(W a, int64_t) {
    return a;
  }
};

/// Integers are cut toward zero; NaN for no elements, 0 for integers.
struct MeanOf : SumOf {
  template <class W>
  static W finish(W a, int64_t n) {
    if constexpr (std::is_floating_point_v<W>) {
      return a / static_cast<double>(n);
    } else {
      return n == 0 ? W{0} : static_cast<W>(a / static_cast<W>(n));
    }
  }
};

/// 1 for no elements.
struct ProductOf : SumOf {
  template <class T>
  static kit::Wide<T> start() {
    return 1;
  }
  template <class W>
  static W step(W a, W x) {
    return multiply(a, x);
  }
};

/// NaN wins; the least value of the type for no elements.
struct LargestOf : SumOf {
  template <class T>
  static kit::Wide<T> start() {
    return least<T>();
  }
  template <class W>
  static W step(W a, W x) {
    return x > a || x != x ? x : a;
  }
};

/// NaN wins; the largest value of the type for no elements.
struct LeastOf : SumOf {
  template <class T>
  static kit::Wide<T> start() {
    return largest<T>();
  }
  template <class W>
  static W step(W a, W x) {
    return x < a || x != x ? x : a;
  }
};

/// The sum of magnitudes.
struct MagnitudesOf : SumOf {
  template <class W>
  static W step(W a, W x) {
    return add(a, x < 0 ? subtract(W{0}, x) : x);
  }
};

/// The sum of squares.
struct SquaresOf : SumOf {
  template <class W>
  static W step(W a, W x) {
    return add(a, multiply(x, x));
  }
};

/// The root of the sum of squares; integers are cut toward zero.
struct LengthOf : SquaresOf {
  template <class W>
  static W finish(W a, int64_t) {
    return static_cast<W>(std::sqrt(static_cast<double>(a)));
  }
};

/// The logarithm of the sum.
struct LogSumOf : SumOf {
  static double finish(double a, int64_t) { return std::log(a); }
};

/// ln(exp(x0) + exp(x1) + ...), without overflow on the way; -infinity for no elements.
struct LogSumExpOf {
  struct State {
    double most, sum;  // sum of exp(x - most)
  };
  template <class T>
  static State start() {
    return {-std::numeric_limits<double>::infinity(), 0};
  }
  static State step(State a, double x) {
    if (x == a.most) return {x, a.sum + 1};
    if (x > a.most) return {x, a.sum * std::exp(a.most - x) + 1};
    return {a.most, a.sum + std::exp(x - a.most)};
  }
  static double finish(State a, int64_t) { return std::log(a.sum) + a.most; }
};

/// The operator ai.onnx `name` of data and axes that makes F of each set, for the types of List.
template <class F, class List>
constexpr Operator reduction(std::string_view name, uint32_t form, List list) {
  return {.name = name,
          .form = form,
          .types = {{"T", list}},
          .inputs = {"T", "int64?"},
          .outputs = {"T"},
          .run = [](Context& c) { reduce(c, List{}, F()); }};
}

inline constexpr auto kSummable = kit::kFloats + kit::Types<int32_t, int64_t, uint32_t, uint64_t>{};
inline constexpr auto kOrdered = kSummable + kit::Types<int8_t, uint8_t, kit::Bool>{};

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_REDUCE_HPP_
