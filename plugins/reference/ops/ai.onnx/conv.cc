// SPDX-License-Identifier: Apache-2.0
// ai.onnx Conv, form 1: X [N, C, D1...], W [M, C/group, k1...], B [M] -> Y [N, M, o1...]; any number of spatial axes.
// The bias is added last; rounded once.
#include "convolution.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  const Convolution conv(c, x, c.input(1));
  require(!c.has_input(2) || c.input(2).dims() == Dims{conv.maps}, TENON_RUN, "B has other dims than [", conv.maps,
          "]");
  Output& y = c.output(0, conv.y_dims());
  if (y.count() == 0) return;
  kit::dispatch(kit::kFloats, y.dtype(), [&]<class T>(Tag<T>) {
    const std::vector<double> wide(x.data<T>(), x.data<T>() + x.count());
    const T* weights = c.input(1).data<T>();
    const T* biases = c.has_input(2) ? c.input(2).data<T>() : nullptr;
    conv.run(
        c, wide, [&](int64_t i) { return kit::widen(weights[i]); },
        [&](int64_t i, const std::vector<double>& sums) {
          const double bias = biases == nullptr ? 0 : kit::widen(biases[i % conv.maps]);
          std::ranges::transform(sums, y.data<T>() + i * conv.plane(),
                                 [&](double sum) { return kit::narrow<T>(sum + bias); });
        });
  });
}

}  // namespace

TENON_OPERATOR(conv){
    .name = "Conv",
    .form = 1,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T", "T", "T?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
