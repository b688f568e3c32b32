// SPDX-License-Identifier: Apache-2.0
// Operators that compute each output element from one element of each input, broadcast as numpy does.
// The function gets and returns Wide values: double for every float type, int64_t or uint64_t for integers; the result
// is rounded once to the output's type. For float, float16 and bfloat16 that makes + - * / and sqrt correctly rounded.
#ifndef TENON_REFERENCE_ELEMENTWISE_HPP_
#define TENON_REFERENCE_ELEMENTWISE_HPP_

#include <algorithm>
#include <functional>

#include "operator.hpp"

namespace tenon::reference {

/// y = fn(x), T to T, for the types of the list.
template <class List, class F>
void unary(Context& c, List types, F fn) {
  const Input& x = c.input(0);
  Output& y = c.output(0, x.dims());
  kit::dispatch(types, x.dtype(), [&]<class T>(Tag<T>) {
    const T* in = x.data<T>();
    T* out = y.data<T>();
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % 65536 == 0) c.check();
      out[i] = kit::narrow<T>(fn(kit::widen(in[i])));
    }
  });
}

/// out[i] = fn(a[i], b[i]) with a and b broadcast to the dims of `y`; fn gets elements as they are and returns an R.
template <class A, class B, class R, class F>
void broadcast_into(const Context& c, DimsView a_dims, const A* a, DimsView b_dims, const B* b, DimsView dims, R* out,
                    F fn) {
  const kit::Walk<3> walk(
      dims, {kit::dense_strides(dims), kit::broadcast_strides(a_dims, dims), kit::broadcast_strides(b_dims, dims)});
  walk.rows([&](const auto& offset, int64_t n, const auto& step) {
    c.check();
    for (int64_t i = 0; i < n; ++i) {
      out[offset[0] + i * step[0]] = fn(a[offset[1] + i * step[1]], b[offset[2] + i * step[2]]);
    }
  });
}

/// y = fn(a, b), (T, T) to T, for the types of the list; fn over Wide values.
template <class List, class F>
void binary(Context& c, List types, F fn) {
  const Input& a = c.input(0);
  const Input& b = c.input(1);
  Output& y = c.output(0, kit::broadcast(a.dims(), b.dims()));
  kit::dispatch(types, a.dtype(), [&]<class T>(Tag<T>) {
    broadcast_into(c, a.dims(), a.data<T>(), b.dims(), b.data<T>(), y.dims(), y.data<T>(),
                   [&](T p, T q) { return kit::narrow<T>(fn(kit::widen(p), kit::widen(q))); });
  });
}

/// y = fn(a, b), (T, T) to bool. Strings are compared as they are, the others as Wide values.
template <class List, class F>
void compare(Context& c, List types, F fn) {
  const Input& a = c.input(0);
  const Input& b = c.input(1);
  Output& y = c.output(0, kit::broadcast(a.dims(), b.dims()));
  kit::dispatch(types, a.dtype(), [&]<class T>(Tag<T>) {
    broadcast_into(c, a.dims(), a.data<T>(), b.dims(), b.data<T>(), y.dims(), y.data<kit::Bool>(), [&](T p, T q) {
      if constexpr (std::is_same_v<T, kit::String>) {
        return kit::Bool(fn(p, q));
      } else {
        return kit::Bool(fn(kit::widen(p), kit::widen(q)));
      }
    });
  });
}

/// y = finish(fn(...fn(fn(x0, x1), x2)...)) of all inputs, T... to T, broadcast; fn over Wide values, one rounding at
/// the end.
template <class List, class F, class G = std::identity>
void variadic(Context& c, List types, F fn, G finish = {}) {
  Dims dims = c.input(0).dims();
  for (size_t i = 1; i < c.ninputs(); ++i) dims = kit::broadcast(dims, c.input(i).dims());
  Output& y = c.output(0, dims);
  kit::dispatch(types, y.dtype(), [&]<class T>(Tag<T>) {
    using W = kit::Wide<T>;
    std::vector<W> sum(static_cast<size_t>(y.count()));
    const auto fold = [&](const Input& x, auto&& step) {
      broadcast_into(c, dims, sum.data(), x.dims(), x.data<T>(), dims, sum.data(), step);
    };
    fold(c.input(0), [](W, T x) { return kit::widen(x); });
    for (size_t i = 1; i < c.ninputs(); ++i) {
      fold(c.input(i), [&](W a, T b) { return fn(a, kit::widen(b)); });
    }
    std::transform(sum.begin(), sum.end(), y.data<T>(), [&](W x) { return kit::narrow<T>(finish(x)); });
  });
}

// Integers wrap around as two's complement does; floats are themselves.
template <class W>
using Modular = std::conditional_t<std::is_same_v<W, double>, double, uint64_t>;
template <class W>
W add(W a, W b) {
  return static_cast<W>(static_cast<Modular<W>>(a) + static_cast<Modular<W>>(b));
}
template <class W>
W subtract(W a, W b) {
  return static_cast<W>(static_cast<Modular<W>>(a) - static_cast<Modular<W>>(b));
}
template <class W>
W multiply(W a, W b) {
  return static_cast<W>(static_cast<Modular<W>>(a) * static_cast<Modular<W>>(b));
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_ELEMENTWISE_HPP_
