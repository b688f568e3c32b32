// SPDX-License-Identifier: Apache-2.0
// Pools: X [N, C, D1...] -> Y [N, C, o1...], each output from the elements of one window of one plane.
#ifndef TENON_REFERENCE_POOL_HPP_
#define TENON_REFERENCE_POOL_HPP_

#include "reduce.hpp"
#include "window.hpp"

namespace tenon::reference {

/// Throws unless X has a batch, a channel and at least one spatial axis.
inline DimsView spatial_dims(const Input& x) {
  require(x.rank() >= 3, TENON_RUN, "X has dims ", DimsView(x.dims()), ", expected a rank of 3 or more");
  return DimsView(x.dims()).subspan(2);
}

/// The operator ai.onnx `name`, form 1, that makes F of each plane: floats X [N, C, D1...] -> Y [N, C, 1...].
template <class F>
constexpr Operator plane_reduction(std::string_view name) {
  constexpr auto run = [](Context& c) {
    const Input& x = c.input(0);
    const int64_t plane = kit::count(spatial_dims(x));
    Dims dims(x.dims().size(), 1);
    std::copy_n(x.dims().begin(), 2, dims.begin());
    Output& y = c.output(0, dims);
    kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
      c.parallel_for(y.count(), [&](int64_t o) {
        kit::Wide<T> a = F::template start<T>();
        for (int64_t i = 0; i < plane; ++i) a = F::step(a, kit::widen(x.data<T>()[o * plane + i]));
        y.data<T>()[o] = kit::narrow<T>(F::finish(a, plane));
      });
    });
  };
  return {.name = name, .form = 1, .types = {{"T", kit::kFloats}}, .inputs = {"T"}, .outputs = {"T"}, .run = run};
}

inline Window pool_window(const Context& c) {
  const DimsView spatial = spatial_dims(c.input(0));
  return make_window(c.attributes(), spatial, c.attributes().ints("kernel_shape", spatial.size(), 1));
}

inline Dims pool_dims(const Input& x, const Window& w) {
  Dims dims{x.dim(0), x.dim(1)};
  dims.insert(dims.end(), w.out.begin(), w.out.end());
  return dims;
}

/// Row-major index `flat` of `dims`, one entry an axis.
inline Dims unflatten(int64_t flat, DimsView dims) {
  Dims index(dims.size());
  for (size_t i = dims.size(); i-- > 0; flat /= dims[i]) index[i] = flat % dims[i];
  return index;
}

/// Calls element(i) with the flat index in the plane of each input element under output `o`; padding is passed over.
/// Returns how many elements lie on input or padding that the `pads` name (not beyond them, where ceil_mode leads).
template <class F>
int64_t for_window(const Window& w, DimsView o, F&& element) {
  const int64_t elements = kit::count(w.kernel);
  int64_t padded = 0;
  for (int64_t e = 0; e < elements; ++e) {
    const Dims k = unflatten(e, w.kernel);
    int64_t flat = 0;
    bool inside = true, near = true;
    for (size_t i = 0; i < k.size(); ++i) {
      const int64_t at = o[i] * w.strides[i] + k[i] * w.dilations[i] - w.begin[i];
      inside = inside && at >= 0 && at < w.in[i];
      near = near && at < w.in[i] + w.end[i];
      flat = flat * w.in[i] + at;
    }
    padded += near ? 1 : 0;
    if (inside) element(flat);
  }
  return padded;
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_POOL_HPP_
