// SPDX-License-Identifier: Apache-2.0
// ai.onnx STFT, form 17: the Fourier transforms of frames of a signal [batch, n, 1 or 2], each frame_step further and
// multiplied by the window: [batch, frames, bins, 2]; `onesided` leaves out the second half of each spectrum.
#include "fourier.hpp"

namespace tenon::reference {
namespace {

constexpr auto kIndex = kit::Types<int32_t, int64_t>{};

void run(Context& c) {
  const Input& x = c.input(0);
  require(x.rank() == 3 && (x.dim(2) == 1 || x.dim(2) == 2), TENON_RUN, "the signal has dims ", DimsView(x.dims()),
          ", expected [batch, n, 1 or 2]");
  const int64_t step = length_input(c, 1, 0), parts = x.dim(2), length = x.dim(1);
  const int64_t n = length_input(c, 3, c.has_input(2) ? c.input(2).count() : length);
  require(!c.has_input(2) || c.input(2).count() == n, TENON_RUN, "the window has other elements than a frame's ", n);
  require(n <= length, TENON_RUN, "a frame has ", n, " elements, the signal ", length);
  const int64_t frames = 1 + (length - n) / step;
  const int64_t bins = c.attributes().flag("onesided", true) ? one_side(n) : n;
  Output& y = c.output(0, {x.dim(0), frames, bins, 2});
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(x.dim(0) * frames, [&](int64_t i) {
      c.check();
      Signal signal(static_cast<size_t>(n));
      for (int64_t k = 0; k < n; ++k) {
        const T* from = x.data<T>() + (i / frames * length + i % frames * step + k) * parts;
        const double weight = c.has_input(2) ? kit::widen(c.input(2).data<T>()[k]) : 1;
        signal[static_cast<size_t>(k)] = {kit::widen(from[0]) * weight, parts == 2 ? kit::widen(from[1]) * weight : 0};
      }
      const Signal result = transform(signal, static_cast<size_t>(bins), false);
      for (int64_t k = 0; k < bins; ++k) {
        T* to = y.data<T>() + (i * bins + k) * 2;
        to[0] = kit::narrow<T>(result[static_cast<size_t>(k)].real());
        to[1] = kit::narrow<T>(result[static_cast<size_t>(k)].imag());
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(stft){
    .name = "STFT",
    .form = 17,
    .types = {{"T1", kit::kFloats}, {"T2", kIndex}},
    .inputs = {"T1", "T2", "T1?", "T2?"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
