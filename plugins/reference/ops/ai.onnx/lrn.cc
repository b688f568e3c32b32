// SPDX-License-Identifier: Apache-2.0
// ai.onnx LRN, form 1: Y = X / (bias + alpha / size * s)^beta, s the sum of squares over the channels from
// c - floor((size - 1) / 2) to c + ceil((size - 1) / 2) that there are. X [N, C, D1...].
#include <algorithm>
#include <cmath>

#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  require(x.rank() >= 2, TENON_RUN, "X has dims ", DimsView(x.dims()), ", expected a batch and a channel axis");
  const int64_t size = c.attributes().integer("size");
  require(size > 0, TENON_RUN, "attribute 'size' is ", size, ", expected at least 1");
  const int64_t channels = x.dim(1), plane = kit::count(DimsView(x.dims()).subspan(2));
  const double alpha = c.attributes().number("alpha", 1e-4) / static_cast<double>(size);
  const double beta = c.attributes().number("beta", 0.75), bias = c.attributes().number("bias", 1);
  Output& y = c.output(0, x.dims());
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(x.dim(0) * channels, [&](int64_t image_channel) {
      c.check();
      const int64_t channel = image_channel % channels;
      const T* image = x.data<T>() + (image_channel - channel) * plane;
      const int64_t first = std::max<int64_t>(0, channel - (size - 1) / 2);
      const int64_t last = std::min(channels - 1, channel + size / 2);
      for (int64_t i = 0; i < plane; ++i) {
        double squares = 0;
        for (int64_t k = first; k <= last; ++k) squares += std::pow(kit::widen(image[k * plane + i]), 2);
        y.data<T>()[image_channel * plane + i] =
            kit::narrow<T>(kit::widen(image[channel * plane + i]) / std::pow(bias + alpha * squares, beta));
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(lrn){
    .name = "LRN",
    .form = 1,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
