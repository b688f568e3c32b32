// SPDX-License-Identifier: Apache-2.0
// ai.onnx MelWeightMatrix, form 17: triangles [dft_length / 2 + 1, num_mel_bins], even on the mel scale, that make mel
// bins of a spectrum.
#include <algorithm>

#include "fourier.hpp"

namespace tenon::reference {
namespace {

constexpr auto kIndex = kit::Types<int32_t, int64_t>{};

double hertz_input(const Context& c, size_t i) {
  double out = 0;
  kit::dispatch(kit::kFloats, c.input(i).dtype(), [&]<class T>(Tag<T>) { out = kit::widen(*c.input(i).data<T>()); });
  return out;
}
double mel(double hertz) { return 2595 * std::log1p(hertz / 700) / std::numbers::ln10; }
double hertz(double mel) { return 700 * std::expm1(mel / 2595 * std::numbers::ln10); }

void run(Context& c) {
  for (size_t i = 0; i < 5; ++i) require(c.input(i).count() == 1, TENON_RUN, "input ", i, " is no scalar");
  const int64_t bins = length_input(c, 0, 0), length = length_input(c, 1, 0), rate = length_input(c, 2, 0);
  const double low = mel(hertz_input(c, 3)), step = (mel(hertz_input(c, 4)) - low) / (static_cast<double>(bins) + 2);
  const int64_t rows = one_side(length);
  const auto edge = [&](int64_t i) {
    const double at = (static_cast<double>(length) + 1) * hertz(static_cast<double>(i) * step + low);
    const double row = std::floor(at / static_cast<double>(rate));
    require(row >= 0 && row < static_cast<double>(rows), TENON_RUN, "mel bin ", i, " lies at row ", row, " of ", rows);
    return static_cast<int64_t>(row);
  };
  Output& y = c.output(0, {rows, bins});
  std::vector<double> weights(static_cast<size_t>(y.count()), 0.0);
  const auto at = [&](int64_t row, int64_t bin) -> double& { return weights[static_cast<size_t>(row * bins + bin)]; };
  for (int64_t i = 0; i < bins; ++i) {
    c.check();
    const int64_t left = edge(i), centre = edge(i + 1), right = edge(i + 2);
    if (left == centre) at(centre, i) = 1;
    for (int64_t k = left; k <= centre && left != centre; ++k) {
      at(k, i) = static_cast<double>(k - left) / static_cast<double>(centre - left);
    }
    for (int64_t k = centre; k < right; ++k)
      at(k, i) = static_cast<double>(right - k) / static_cast<double>(right - centre);
  }
  kit::dispatch(kit::kNumbers, y.dtype(), [&]<class T>(Tag<T>) {
    std::ranges::transform(weights, y.data<T>(), [](double x) { return kit::narrow<T>(static_cast<kit::Wide<T>>(x)); });
  });
}

}  // namespace

TENON_OPERATOR(melweightmatrix){
    .name = "MelWeightMatrix",
    .form = 17,
    .types = {{"T1", kIndex}, {"T2", kit::kFloats}, {"T3", kit::kNumbers}},
    .inputs = {"T1", "T1", "T1", "T2", "T2"},
    .outputs = {"T3"},
    .run = run,
};

}  // namespace tenon::reference
