// SPDX-License-Identifier: Apache-2.0
// ai.onnx DequantizeLinear, form 10: (X - zero point) * x_scale, rounded once.
#include "quantize.hpp"

namespace tenon::reference {
namespace {

constexpr auto kStored = kQuantized + kit::Types<int32_t>{};
constexpr auto kScaleTypes = kScales + kit::Types<kit::Float8E8M0>{};

void run(Context& c) {
  const Input& x = c.input(0);
  const ScaleOf scale_of(c, x, c.input(1));
  const std::vector<double> scales = reals(c.input(1), kScaleTypes);
  const std::vector<double> zeros = c.has_input(2) ? reals(c.input(2), kStored) : std::vector<double>();
  require(zeros.empty() || zeros.size() == scales.size(), TENON_RUN, "there are ", zeros.size(),
          " zero points, expected ", scales.size());
  const std::vector<double> values = reals(x, kStored);
  Output& y = c.output(0, x.dims());
  kit::dispatch(kScales, y.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % 65536 == 0) c.check();
      const size_t at = scale_of(i);
      y.data<T>()[i] = kit::narrow<T>((values[static_cast<size_t>(i)] - (zeros.empty() ? 0 : zeros[at])) * scales[at]);
    }
  });
}

}  // namespace

TENON_OPERATOR(dequantizelinear){
    .name = "DequantizeLinear",
    .form = 10,
    .types = {{"T1", kStored}, {"T2", kScaleTypes}, {"T3", kScales}},
    .inputs = {"T1", "T2", "T1?"},
    .outputs = {"T3"},
    .run = run,
};

}  // namespace tenon::reference
