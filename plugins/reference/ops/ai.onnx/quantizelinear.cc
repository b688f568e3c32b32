// SPDX-License-Identifier: Apache-2.0
// ai.onnx QuantizeLinear, form 10: X / y_scale, rounded to nearest even and moved by the zero point, in a type of fewer
// bits; out of its range: its bounds. The quotient is rounded to the type that `precision` names, y_scale's by default.
#include "quantize.hpp"

namespace tenon::reference {
namespace {

constexpr auto kReals = kScales + kit::Types<int32_t>{};
constexpr auto kScaleTypes = kReals + kit::Types<kit::Float8E8M0>{};

double in_precision(uint32_t dtype, double x) {
  if (dtype == TENON_FLOAT16) return kit::widen(kit::Float16(x));
  if (dtype == TENON_BFLOAT16) return kit::widen(kit::BFloat16(x));
  return static_cast<float>(x);
}

void run(Context& c) {
  const Input& x = c.input(0);
  const ScaleOf scale_of(c, x, c.input(1));
  const std::vector<double> scales = reals(c.input(1), kScaleTypes);
  const std::vector<double> zeros = c.has_input(2) ? reals(c.input(2), kQuantized) : std::vector<double>();
  require(zeros.empty() || zeros.size() == scales.size(), TENON_RUN, "there are ", zeros.size(),
          " zero points, expected ", scales.size());
  const int64_t named = c.attributes().integer("precision", 0);
  const uint32_t precision = named == 0 ? c.input(1).dtype() : static_cast<uint32_t>(named);
  const bool saturate = c.attributes().flag("saturate", true);
  const std::vector<double> values = reals(x, kReals);
  Output& y = c.output(0, x.dims());
  kit::dispatch(kQuantized, y.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % 65536 == 0) c.check();
      const size_t at = scale_of(i);
      const double quotient = in_precision(precision, values[static_cast<size_t>(i)] / scales[at]);
      y.data<T>()[i] = quantized<T>(quotient, zeros.empty() ? 0 : zeros[at], saturate);
    }
  });
}

}  // namespace

TENON_OPERATOR(quantizelinear){
    .name = "QuantizeLinear",
    .form = 10,
    .types = {{"T1", kReals}, {"T2", kScaleTypes}, {"T3", kQuantized}},
    .inputs = {"T1", "T2", "T3?"},
    .outputs = {"T3"},
    .run = run,
};

}  // namespace tenon::reference
