// SPDX-License-Identifier: Apache-2.0
// ai.onnx BatchNormalization, form 14: Y = (X - mean) / sqrt(var + epsilon) * scale + B, channels on axis 1.
// With training_mode the mean and (population) variance are those of X, and running ones are returned.
#include <cmath>

#include "operator.hpp"

namespace tenon::reference {
namespace {

struct Layout {
  int64_t batch, channels, plane;
};

std::vector<double> channel_input(const Context& c, size_t i, int64_t channels) {
  const Input& in = c.input(i);
  require(in.dims() == Dims{channels}, TENON_RUN, "input ", i, " has dims ", DimsView(in.dims()), ", expected [",
          channels, "]");
  std::vector<double> out(static_cast<size_t>(channels));
  kit::dispatch(kit::kFloats, in.dtype(), [&]<class T>(Tag<T>) {
    for (size_t k = 0; k < out.size(); ++k) out[k] = kit::widen(in.data<T>()[k]);
  });
  return out;
}

// Calls fn(flat index) for each element of channel k.
template <class F>
void for_channel(const Layout& l, int64_t k, F&& fn) {
  for (int64_t b = 0; b < l.batch; ++b) {
    for (int64_t i = 0; i < l.plane; ++i) fn((b * l.channels + k) * l.plane + i);
  }
}

void running(Context& c, size_t output, size_t input, const std::vector<double>& current) {
  const double momentum = c.attributes().number("momentum");
  const std::vector<double> before = channel_input(c, input, static_cast<int64_t>(current.size()));
  Output& out = c.output(output, {static_cast<int64_t>(current.size())});
  kit::dispatch(kit::kFloats, out.dtype(), [&]<class T>(Tag<T>) {
    for (size_t k = 0; k < current.size(); ++k) {
      out.data<T>()[k] = kit::narrow<T>(before[k] * momentum + current[k] * (1 - momentum));
    }
  });
}

void run(Context& c) {
  const Input& x = c.input(0);
  require(x.rank() >= 1, TENON_RUN, "X is a scalar, expected a batch axis");
  const Layout l{x.dim(0), x.rank() > 1 ? x.dim(1) : 1, x.rank() > 2 ? kit::count(DimsView(x.dims()).subspan(2)) : 1};
  const std::vector<double> scale = channel_input(c, 1, l.channels), bias = channel_input(c, 2, l.channels);
  std::vector<double> mean = channel_input(c, 3, l.channels), variance = channel_input(c, 4, l.channels);
  const bool training = c.attributes().flag("training_mode");
  const double epsilon = c.attributes().number("epsilon");
  Output& y = c.output(0, x.dims());
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    const T* in = x.data<T>();
    c.parallel_for(l.channels, [&](int64_t channel) {
      c.check();
      const auto k = static_cast<size_t>(channel);
      if (training) {
        const auto n = static_cast<double>(l.batch * l.plane);
        mean[k] = variance[k] = 0;
        for_channel(l, channel, [&](int64_t i) { mean[k] += kit::widen(in[i]); });
        mean[k] /= n;
        for_channel(l, channel, [&](int64_t i) { variance[k] += std::pow(kit::widen(in[i]) - mean[k], 2); });
        variance[k] /= n;
      }
      const double deviation = std::sqrt(variance[k] + epsilon);
      for_channel(l, channel, [&](int64_t i) {
        y.data<T>()[i] = kit::narrow<T>((kit::widen(in[i]) - mean[k]) / deviation * scale[k] + bias[k]);
      });
    });
  });
  if (training && c.has_output(1)) running(c, 1, 3, mean);
  if (training && c.has_output(2)) running(c, 2, 4, variance);
}

std::string refuse(const plugin::Node& node) {
  const kit::Attributes attributes(node);
  return !attributes.flag("training_mode") && node.noutputs() > 1 ? "running mean and variance need training_mode 1"
                                                                  : "";
}

}  // namespace

TENON_OPERATOR(batchnormalization){
    .name = "BatchNormalization",
    .form = 14,
    .types = {{"T", kit::kFloats}, {"T1", kit::kFloats}, {"T2", kit::kFloats}},
    .inputs = {"T", "T1", "T1", "T2", "T2"},
    .outputs = {"T", "T2?", "T2?"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
