// SPDX-License-Identifier: Apache-2.0
// ai.onnx IsInf, form 10: whether X is infinite, of a sign that the attributes ask for.
#include <cmath>

#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kFloats + kit::kFloat8;

void run(Context& c) {
  const Input& x = c.input(0);
  Output& y = c.output(0, x.dims());
  const bool negative = c.attributes().flag("detect_negative", true);
  const bool positive = c.attributes().flag("detect_positive", true);
  kit::dispatch(kTypes, x.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % 65536 == 0) c.check();
      const double value = kit::widen(x.data<T>()[i]);
      y.data<kit::Bool>()[i] = kit::Bool(std::isinf(value) && (value < 0 ? negative : positive));
    }
  });
}

}  // namespace

TENON_OPERATOR(isinf){
    .name = "IsInf",
    .form = 10,
    .types = {{"T1", kTypes}, {"T2", kit::Types<kit::Bool>{}}},
    .inputs = {"T1"},
    .outputs = {"T2"},
    .run = run,
};

}  // namespace tenon::reference
