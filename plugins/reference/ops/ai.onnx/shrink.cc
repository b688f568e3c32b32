// SPDX-License-Identifier: Apache-2.0
// ai.onnx Shrink, form 9: X + bias below -lambd, X - bias above lambd, 0 between; integers are computed in double and
// cut toward zero.
#include <algorithm>
#include <type_traits>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kInts + kit::Types<float, double, kit::Float16>{};

// Toward zero, within what W holds.
template <class W>
W cut(double x) {
  if constexpr (std::is_floating_point_v<W>) {
    return x;
  } else if constexpr (std::is_signed_v<W>) {
    return static_cast<W>(std::clamp(x, -0x1p63, 0x1.fffffffffffffp62));
  } else {
    return static_cast<W>(std::clamp(x, 0.0, 0x1.fffffffffffffp63));
  }
}

void run(Context& c) {
  const double bias = c.attributes().number("bias", 0);
  const double lambd = c.attributes().number("lambd", 0.5);
  unary(c, kTypes, [=]<class W>(W x) {
    const auto wide = static_cast<double>(x);
    return cut<W>(wide < -lambd ? wide + bias : wide > lambd ? wide - bias : wide != wide ? wide : 0);
  });
}

}  // namespace

TENON_OPERATOR(shrink){
    .name = "Shrink",
    .form = 9,
    .types = {{"T", kTypes}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
