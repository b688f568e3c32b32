// SPDX-License-Identifier: Apache-2.0
// ai.onnx QLinearMatMul, form 10: numpy.matmul of quantized A and B, quantized by y_scale and y_zero_point. Scales and
// zero points are one, one for each row of A (and Y) or column of B, or broadcast.
#include <functional>

#include "product.hpp"
#include "quantize.hpp"

namespace tenon::reference {
namespace {

constexpr auto kStored = kBytes + kit::kFloat8;

void run(Context& c) {
  const ProductShapes s = product_shapes(c.input(0).dims(), c.input(3).dims());
  std::vector<double> a = centred(c, 0, 2, kStored, true), b = centred(c, 3, 5, kStored);
  double factor = 1;
  for (const auto& [data, i] : {std::pair(&a, size_t{0}), std::pair(&b, size_t{3})}) {
    const std::vector<double> scales = spread(c, i + 1, kScales, c.input(i).dims(), i == 0);
    if (c.input(i + 1).count() == 1) {
      factor *= reals(c.input(i + 1), kScales)[0];  // so that the sums stay exact
    } else {
      std::ranges::transform(*data, scales, data->begin(), std::multiplies<>());
    }
  }
  Output& y = c.output(0, s.y);
  if (y.count() == 0) return;
  const std::vector<double> scales = spread(c, 6, kScales, s.y, true), zeros = spread(c, 7, kStored, s.y, true);
  kit::dispatch(kStored, y.dtype(), [&]<class T>(Tag<T>) {
    product(c, s, a.data(), b.data(), [&](int64_t at, int64_t n, const double* sums) {
      for (int64_t j = 0; j < n; ++j) {
        const auto i = static_cast<size_t>(at + j);
        y.data<T>()[i] = quantized<T>(sums[j] * factor / scales[i], zeros[i]);
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(qlinearmatmul){
    .name = "QLinearMatMul",
    .form = 10,
    .types = {{"TS", kScales}, {"T1", kStored}, {"T2", kStored}, {"T3", kStored}},
    .inputs = {"T1", "TS", "T1", "T2", "TS", "T2", "TS", "T3"},
    .outputs = {"T3"},
    .run = run,
};

}  // namespace tenon::reference
