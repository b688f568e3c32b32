// SPDX-License-Identifier: Apache-2.0
// ai.onnx DFT, form 20: the discrete Fourier transform along an axis of real (last dim 1) or complex numbers (2), cut
// or filled up with zeros to dft_length; `onesided` leaves out the second half of the spectrum of real numbers, and
// with `inverse` makes real numbers of it.
#include <algorithm>

#include "fourier.hpp"

namespace tenon::reference {
namespace {

constexpr auto kIndex = kit::Types<int32_t, int64_t>{};

// The second half of a real signal's spectrum of n entries, from its first.
void mirror(Signal& x) {
  const size_t n = x.size();
  x[0] = x[0].real();
  if (n % 2 == 0) x[n / 2] = x[n / 2].real();
  for (size_t k = n / 2 + 1; k < n; ++k) x[k] = std::conj(x[n - k]);
}

void run(Context& c) {
  const Input& x = c.input(0);
  const int64_t axis = kit::normal_axis(c.has_input(2) ? c.integers(2)[0] : -2, x.rank(), "input 'axis'");
  const int64_t parts = x.dims().back();
  require(axis != x.rank() - 1 && (parts == 1 || parts == 2), TENON_RUN, "the input has dims ", DimsView(x.dims()),
          ", expected 1 or 2 in the last axis and a transform along another one");
  const bool inverse = c.attributes().flag("inverse"), onesided = c.attributes().flag("onesided");
  const int64_t length = x.dim(axis);
  const int64_t n = length_input(c, 1, inverse && onesided ? 2 * (length - 1) : length);
  const int64_t made = onesided && !inverse ? one_side(n) : n, given = onesided && inverse ? one_side(n) : n;
  const int64_t y_parts = onesided && inverse ? 1 : 2;
  Dims dims = x.dims();
  dims[static_cast<size_t>(axis)] = made;
  dims.back() = y_parts;
  Output& y = c.output(0, dims);
  const int64_t inner = kit::count(DimsView(x.dims()).subspan(static_cast<size_t>(axis) + 1)) / parts;
  const int64_t lines = length == 0 ? 0 : x.count() / (length * parts);
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(lines, [&](int64_t line) {
      c.check();
      const int64_t outer = line / inner, rest = line % inner;
      Signal signal(static_cast<size_t>(n));
      for (int64_t i = 0; i < std::min(given, length); ++i) {
        const T* from = x.data<T>() + ((outer * length + i) * inner + rest) * parts;
        signal[static_cast<size_t>(i)] = {kit::widen(from[0]), parts == 2 ? kit::widen(from[1]) : 0};
      }
      if (inverse && onesided) mirror(signal);
      const Signal result = transform(signal, static_cast<size_t>(made), inverse);
      for (int64_t k = 0; k < made; ++k) {
        T* to = y.data<T>() + ((outer * made + k) * inner + rest) * y_parts;
        to[0] = kit::narrow<T>(result[static_cast<size_t>(k)].real());
        if (y_parts == 2) to[1] = kit::narrow<T>(result[static_cast<size_t>(k)].imag());
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(dft){
    .name = "DFT",
    .form = 20,
    .types = {{"T1", kit::kFloats}, {"T2", kIndex}},
    .inputs = {"T1", "T2?", "int64?"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
