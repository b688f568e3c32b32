// SPDX-License-Identifier: Apache-2.0
// ai.onnx ConvInteger, form 10: the convolution of X - x_zero_point with W - w_zero_point (one, or one for each map),
// in int32 (wrapping around). Padding adds nothing.
#include "convolution.hpp"
#include "quantize.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Convolution conv(c, c.input(0), c.input(1));
  Output& y = c.output(0, conv.y_dims());
  if (y.count() == 0) return;
  const std::vector<double> x = centred(c, 0, 2, kBytes);
  const std::vector<double> w = centred_maps(c, 1, 3);
  conv.run(
      c, x, [&](int64_t i) { return w[static_cast<size_t>(i)]; },
      [&](int64_t i, const std::vector<double>& sums) {
        std::ranges::transform(sums, y.data<int32_t>() + i * conv.plane(),
                               [](double sum) { return static_cast<int32_t>(static_cast<int64_t>(sum)); });
      });
}

}  // namespace

TENON_OPERATOR(convinteger){
    .name = "ConvInteger",
    .form = 10,
    .types = {{"T1", kBytes}, {"T2", kBytes}, {"T3", kit::Types<int32_t>{}}},
    .inputs = {"T1", "T2", "T1?", "T2?"},
    .outputs = {"T3"},
    .run = run,
};

}  // namespace tenon::reference
