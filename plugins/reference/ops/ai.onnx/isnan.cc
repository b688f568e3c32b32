// SPDX-License-Identifier: Apache-2.0
// ai.onnx IsNaN, form 9: whether X is NaN.
#include <cmath>

#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kFloats + kit::kFloat8;

void run(Context& c) {
  const Input& x = c.input(0);
  Output& y = c.output(0, x.dims());
  kit::dispatch(kTypes, x.dtype(), [&]<class T>(Tag<T>) {
    const T* in = x.data<T>();
    auto* out = y.data<kit::Bool>();
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % 65536 == 0) c.check();
      out[i] = kit::Bool(std::isnan(kit::widen(in[i])));
    }
  });
}

}  // namespace

TENON_OPERATOR(isnan){
    .name = "IsNaN",
    .form = 9,
    .types = {{"T1", kTypes}, {"T2", kit::Types<kit::Bool>{}}},
    .inputs = {"T1"},
    .outputs = {"T2"},
    .run = run,
};

}  // namespace tenon::reference
