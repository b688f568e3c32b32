// SPDX-License-Identifier: Apache-2.0
// ai.onnx PRelu, form 7: X, or slope * X below 0; the slope broadcasts to X.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kFloats + kit::Types<int32_t, int64_t, uint32_t, uint64_t>{};

void run(Context& c) {
  const Input& x = c.input(0);
  const Input& slope = c.input(1);
  Output& y = c.output(0, x.dims());
  kit::dispatch(kTypes, x.dtype(), [&]<class T>(Tag<T>) {
    broadcast_into(c, x.dims(), x.data<T>(), slope.dims(), slope.data<T>(), y.dims(), y.data<T>(), [](T a, T b) {
      return kit::widen(a) < 0 ? kit::narrow<T>(multiply(kit::widen(a), kit::widen(b))) : a;
    });
  });
}

}  // namespace

TENON_OPERATOR(prelu){
    .name = "PRelu",
    .form = 7,
    .types = {{"T", kTypes}},
    .inputs = {"T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
