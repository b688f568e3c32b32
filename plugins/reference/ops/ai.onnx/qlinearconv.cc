// SPDX-License-Identifier: Apache-2.0
// ai.onnx QLinearConv, form 10: the convolution of quantized X and W (a scale and a zero point for all of W, or for
// each map) plus the int32 bias, quantized by y_scale and y_zero_point.
#include "convolution.hpp"
#include "quantize.hpp"

namespace tenon::reference {
namespace {

double scalar(const Context& c, size_t i) {
  require(c.input(i).count() == 1, TENON_RUN, "input ", i, " has ", c.input(i).count(), " elements, expected 1");
  return c.input(i).data<float>()[0];
}

void run(Context& c) {
  const Convolution conv(c, c.input(0), c.input(3));
  const double x_scale = scalar(c, 1), y_scale = scalar(c, 6);
  const std::vector<double> w_scales = reals(c.input(4), kit::Types<float>{});
  const auto maps = static_cast<size_t>(conv.maps);
  require(w_scales.size() == 1 || w_scales.size() == maps, TENON_RUN, "w_scale has ", w_scales.size(),
          " elements, expected 1 or ", maps);
  require(!c.has_input(8) || c.input(8).dims() == Dims{conv.maps}, TENON_RUN, "B has other dims than [", maps, "]");
  require(c.input(7).count() == 1, TENON_RUN, "y_zero_point has ", c.input(7).count(), " elements, expected 1");
  const double zero = reals(c.input(7), kBytes)[0];
  const int32_t* biases = c.has_input(8) ? c.input(8).data<int32_t>() : nullptr;
  const std::vector<double> x = centred(c, 0, 2, kBytes);
  const std::vector<double> w = centred_maps(c, 3, 5);
  Output& y = c.output(0, conv.y_dims());
  if (y.count() == 0) return;
  kit::dispatch(kBytes, y.dtype(), [&]<class T>(Tag<T>) {
    conv.run(
        c, x, [&](int64_t i) { return w[static_cast<size_t>(i)]; },
        [&](int64_t i, const std::vector<double>& sums) {
          const auto map = static_cast<size_t>(i % conv.maps);
          const double bias = biases == nullptr ? 0 : biases[map];
          const double factor = x_scale * w_scales[w_scales.size() == 1 ? 0 : map] / y_scale;
          std::ranges::transform(sums, y.data<T>() + i * conv.plane(),
                                 [&](double sum) { return quantized<T>((sum + bias) * factor, zero); });
        });
  });
}

}  // namespace

TENON_OPERATOR(qlinearconv){
    .name = "QLinearConv",
    .form = 10,
    .types = {{"T1", kBytes}, {"T2", kBytes}, {"T3", kBytes}, {"T4", kit::Types<int32_t>{}}},
    .inputs = {"T1", "float", "T1", "T2", "float", "T2", "float", "T3", "T4?"},
    .outputs = {"T3"},
    .run = run,
};

}  // namespace tenon::reference
