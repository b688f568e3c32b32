// SPDX-License-Identifier: Apache-2.0
// ai.onnx DynamicQuantizeLinear, form 11: X in uint8, with the scale and the zero point that put its range, widened to
// hold 0, onto 0...255. In float, as the operator's definition computes; a range of one point has the scale 1.
#include "quantize.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  const float* in = x.data<float>();
  float low = 0, high = 0;
  for (int64_t i = 0; i < x.count(); ++i) {
    if (i % 65536 == 0) c.check();
    low = std::fmin(low, in[i]);
    high = std::fmax(high, in[i]);
  }
  const float scale = high == low ? 1.0f : (high - low) / 255.0f;
  const auto zero = quantized<uint8_t>(0.0f - low / scale, 0);
  uint8_t* y = c.output(0, x.dims()).data<uint8_t>();
  c.output(1, {}).data<float>()[0] = scale;
  c.output(2, {}).data<uint8_t>()[0] = zero;
  for (int64_t i = 0; i < x.count(); ++i) {
    if (i % 65536 == 0) c.check();
    y[i] = quantized<uint8_t>(in[i] / scale, zero);
  }
}

}  // namespace

TENON_OPERATOR(dynamicquantizelinear){
    .name = "DynamicQuantizeLinear",
    .form = 11,
    .types = {{"T1", kit::Types<float>{}}, {"T2", kit::Types<uint8_t>{}}},
    .inputs = {"T1"},
    .outputs = {"T2", "float", "T2"},
    .run = run,
};

}  // namespace tenon::reference
