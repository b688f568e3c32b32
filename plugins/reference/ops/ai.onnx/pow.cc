// SPDX-License-Identifier: Apache-2.0
// ai.onnx Pow, form 7: X to the power of Y, broadcast, in the type of X. Of an integer by an integer: modulo 2^bits,
// with a power below 0 rounded toward zero. Of an integer by a float: in double, rounded toward zero.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

constexpr auto kBases = kit::kFloats + kit::Types<int32_t, int64_t>{};

// x^y for a y of 0 or more, by squaring.
int64_t power(int64_t x, uint64_t y) {
  int64_t out = 1;
  for (; y != 0; y >>= 1, x = multiply(x, x)) {
    if ((y & 1) != 0) out = multiply(out, x);
  }
  return out;
}

int64_t integer_power(int64_t x, int64_t y) {
  if (y >= 0) return power(x, static_cast<uint64_t>(y));
  require(x != 0, TENON_RUN, "an integer of 0 has no power of ", y);
  if (x == 1 || x == -1) return y % 2 == 0 ? 1 : x;
  return 0;
}
int64_t integer_power(int64_t x, uint64_t y) { return power(x, y); }
template <class X>
int64_t integer_power(int64_t x, double y) {
  const double out = std::trunc(std::pow(static_cast<double>(x), y));
  constexpr double most = static_cast<double>(uint64_t{1} << (8 * sizeof(X) - 1));
  require(out >= -most && out < most, TENON_RUN, x, " to the power of ", y, " does not fit in the output's type");
  return static_cast<int64_t>(out);
}

template <class X, class Y>
X raise(X x, Y y) {
  if constexpr (kit::is_float<X>) {
    return kit::narrow<X>(std::pow(kit::widen(x), static_cast<double>(kit::widen(y))));
  } else if constexpr (kit::is_float<Y>) {
    return kit::narrow<X>(integer_power<X>(kit::widen(x), kit::widen(y)));
  } else {
    return kit::narrow<X>(integer_power(kit::widen(x), kit::widen(y)));
  }
}

void run(Context& c) {
  const Input& x = c.input(0);
  const Input& y = c.input(1);
  Output& z = c.output(0, kit::broadcast(x.dims(), y.dims()));
  kit::dispatch(kBases, x.dtype(), [&]<class X>(Tag<X>) {
    kit::dispatch(kit::kNumbers, y.dtype(), [&]<class Y>(Tag<Y>) {
      broadcast_into(c, x.dims(), x.data<X>(), y.dims(), y.data<Y>(), z.dims(), z.data<X>(), raise<X, Y>);
    });
  });
}

}  // namespace

TENON_OPERATOR(pow){
    .name = "Pow",
    .form = 7,
    .types = {{"T", kBases}, {"T1", kit::kNumbers}},
    .inputs = {"T", "T1"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
