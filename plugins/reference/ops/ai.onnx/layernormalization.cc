// SPDX-License-Identifier: Apache-2.0
// ai.onnx LayerNormalization, form 17: over the axes from `axis` on, Y = (X - mean) / sqrt(variance + epsilon) * Scale
// + B. The normalized value is rounded to T before Scale and B, as the schema's function body does; mean and inverse
// deviation are outputs of the stash type.
#include <cmath>

#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr kit::Types<float, kit::BFloat16> kStash{};

void store(Output* out, int64_t i, double value) {
  if (out == nullptr) return;
  kit::dispatch(kStash, out->dtype(), [&]<class U>(Tag<U>) { out->data<U>()[i] = kit::narrow<U>(value); });
}

// scale and bias are read with the strides of their broadcast to one row; bias may be NULL.
template <class T>
struct Affine {
  const T* scale;
  const T* bias;
  Dims scale_steps, bias_steps;
};

template <class T>
void apply(const T* x, T* y, DimsView dims, double mean, double inverse, const Affine<T>& affine) {
  const kit::Walk<3> walk(dims, {kit::dense_strides(dims), affine.scale_steps, affine.bias_steps});
  walk.rows([&](const auto& offset, int64_t n, const auto& step) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = offset[0] + i * step[0];
      const T normal = kit::narrow<T>((kit::widen(x[at]) - mean) * inverse);
      double value = kit::widen(normal) * kit::widen(affine.scale[offset[1] + i * step[1]]);
      if (affine.bias != nullptr) {
        value = kit::widen(kit::narrow<T>(value)) + kit::widen(affine.bias[offset[2] + i * step[2]]);
      }
      y[at] = kit::narrow<T>(value);
    }
  });
}

void run(Context& c) {
  const Input& x = c.input(0);
  const int64_t axis = kit::normal_axis(c.attributes().integer("axis", -1), x.rank(), "attribute 'axis'");
  const DimsView row = DimsView(x.dims()).subspan(static_cast<size_t>(axis));
  Dims outer(x.dims().begin(), x.dims().begin() + axis);
  const int64_t rows = kit::count(outer), n = kit::count(row);
  outer.resize(x.dims().size(), 1);
  Output& y = c.output(0, x.dims());
  Output* mean_out = c.has_output(1) ? &c.output(1, outer) : nullptr;
  Output* inverse_out = c.has_output(2) ? &c.output(2, outer) : nullptr;
  const double epsilon = c.attributes().number("epsilon", 1e-5);
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    Affine<T> affine{c.input(1).data<T>(), c.has_input(2) ? c.input(2).data<T>() : nullptr,
                     kit::broadcast_strides(c.input(1).dims(), row),
                     c.has_input(2) ? kit::broadcast_strides(c.input(2).dims(), row) : Dims(row.size(), 0)};
    c.parallel_for(rows, [&](int64_t r) {
      c.check();
      const T* in = x.data<T>() + r * n;
      double mean = 0, variance = 0;
      for (int64_t i = 0; i < n; ++i) mean += kit::widen(in[i]);
      mean /= static_cast<double>(n);
      for (int64_t i = 0; i < n; ++i) variance += (kit::widen(in[i]) - mean) * (kit::widen(in[i]) - mean);
      const double inverse = 1 / std::sqrt(variance / static_cast<double>(n) + epsilon);
      store(mean_out, r, mean);
      store(inverse_out, r, inverse);
      apply(in, y.data<T>() + r * n, row, mean, inverse, affine);
    });
  });
}

}  // namespace

TENON_OPERATOR(layernormalization){
    .name = "LayerNormalization",
    .form = 17,
    .types = {{"T", kit::kFloats}, {"U", kStash}},
    .inputs = {"T", "T", "T?"},
    .outputs = {"T", "U?", "U?"},
    .run = run,
};

}  // namespace tenon::reference
