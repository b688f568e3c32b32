// SPDX-License-Identifier: Apache-2.0
// ai.onnx Conv, form 1: X [N, C, D1...], W [M, C/group, k1...], B [M] -> Y [N, M, o1...]; any number of spatial axes.
// Sums in double over channels, then window elements, in memory order; the bias is added last; rounded once.
#include "window.hpp"

namespace tenon::reference {
namespace {

struct Sizes {
  int64_t batch, channels, maps, group, group_channels, group_maps;
};

Sizes sizes(const Context& c) {
  const Input& x = c.input(0);
  const Input& w = c.input(1);
  require(x.rank() >= 3 && w.rank() == x.rank(), TENON_RUN, "X and W have dims ", DimsView(x.dims()), " and ",
          DimsView(w.dims()), ", expected one rank of 3 or more");
  Sizes s{};
  s.batch = x.dim(0);
  s.channels = x.dim(1);
  s.maps = w.dim(0);
  s.group = c.attributes().integer("group", 1);
  require(s.group > 0 && s.channels % s.group == 0 && s.maps % s.group == 0 && s.channels / s.group == w.dim(1),
          TENON_RUN, "X and W have dims ", DimsView(x.dims()), " and ", DimsView(w.dims()),
          ", which do not fit attribute 'group' of ", s.group);
  s.group_channels = s.channels / s.group;
  s.group_maps = s.maps / s.group;
  if (c.has_input(2)) {
    require(c.input(2).dims() == Dims{s.maps}, TENON_RUN, "B has dims ", DimsView(c.input(2).dims()), ", expected [",
            s.maps, "]");
  }
  return s;
}

// Adds weight * x to every output of one plane for one element of the window, which lies at index `k`.
void add_shifted(const Window& w, DimsView k, double weight, const double* x, double* sums) {
  const size_t n = w.in.size();
  Dims dims(n);
  Dims in_steps = kit::dense_strides(w.in);
  const Dims out_steps = kit::dense_strides(w.out);
  for (size_t i = 0; i < n; ++i) {
    const auto [first, last] = inside(w, i, k[i]);
    dims[i] = last - first;
    x += (first * w.strides[i] + k[i] * w.dilations[i] - w.begin[i]) * in_steps[i];
    sums += first * out_steps[i];
    in_steps[i] *= w.strides[i];
    if (dims[i] == 0) return;
  }
  kit::Walk<2>(dims, {out_steps, in_steps}).rows([&](const auto& offset, int64_t count, const auto& step) {
    double* s = sums + offset[0];
    const double* v = x + offset[1];
    for (int64_t i = 0; i < count; ++i) s[i * step[0]] += weight * v[i * step[1]];
  });
}

// Map m of one image: x is the image's first channel of the group, `weights` the map's [C/group, k1...].
template <class T>
void convolve(const Context& c, const Window& w, int64_t channels, const double* x, const T* weights,
              std::vector<double>& sums) {
  const int64_t plane = kit::count(w.in);
  const int64_t elements = kit::count(w.kernel);
  Dims k(w.kernel.size(), 0);
  for (int64_t channel = 0; channel < channels; ++channel) {
    c.check();
    for (int64_t e = 0; e < elements; ++e) {
      for (int64_t rest = e, i = static_cast<int64_t>(k.size()); i-- > 0; rest /= w.kernel[static_cast<size_t>(i)]) {
        k[static_cast<size_t>(i)] = rest % w.kernel[static_cast<size_t>(i)];
      }
      add_shifted(w, k, kit::widen(weights[channel * elements + e]), x + channel * plane, sums.data());
    }
  }
}

template <class T>
void conv(const Context& c, const Sizes& s, const Window& w, T* y) {
  const Input& x = c.input(0);
  std::vector<double> wide(x.data<T>(), x.data<T>() + x.count());
  const int64_t in_plane = kit::count(w.in);
  const int64_t out_plane = kit::count(w.out);
  const int64_t weights = s.group_channels * kit::count(w.kernel);
  c.parallel_for(s.batch * s.maps, [&](int64_t i) {
    const int64_t map = i % s.maps;
    const int64_t channel = i / s.maps * s.channels + map / s.group_maps * s.group_channels;
    std::vector<double> sums(static_cast<size_t>(out_plane), 0.0);
    convolve(c, w, s.group_channels, wide.data() + channel * in_plane, c.input(1).data<T>() + map * weights, sums);
    const double bias = c.has_input(2) ? kit::widen(c.input(2).data<T>()[map]) : 0;
    for (int64_t o = 0; o < out_plane; ++o) {
      y[i * out_plane + o] = kit::narrow<T>(sums[static_cast<size_t>(o)] + bias);
    }
  });
}

void run(Context& c) {
  const Sizes s = sizes(c);
  const DimsView spatial = DimsView(c.input(0).dims()).subspan(2);
  const DimsView kernel = DimsView(c.input(1).dims()).subspan(2);
  const Dims named = c.attributes().has("kernel_shape") ? c.attributes().ints("kernel_shape", kernel.size(), 1)
                                                        : Dims(kernel.begin(), kernel.end());
  require(std::ranges::equal(named, kernel), TENON_RUN, "attribute 'kernel_shape' is ", DimsView(named), ", W has ",
          kernel);
  const Window w = make_window(c.attributes(), spatial, named);
  Dims dims{s.batch, s.maps};
  dims.insert(dims.end(), w.out.begin(), w.out.end());
  Output& y = c.output(0, dims);
  if (y.count() == 0) return;
  kit::dispatch(kit::kFloats, y.dtype(), [&]<class T>(Tag<T>) { conv(c, s, w, y.data<T>()); });
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
