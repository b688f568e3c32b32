// SPDX-License-Identifier: Apache-2.0
// ai.onnx ConvTranspose, form 1: X [N, C, D1...], W [C, M/group, k1...], B [M] -> Y [N, M, o1...]. Input element i and
// window element k add to output i * stride + k * dilation - begin. Sums in double, the bias last; rounded once.
#include "window.hpp"

namespace tenon::reference {
namespace {

struct Sizes {
  int64_t batch, channels, maps, group;
};

Sizes sizes(const Context& c) {
  const Input& x = c.input(0);
  const Input& w = c.input(1);
  const int64_t group = c.attributes().integer("group", 1);
  require(x.rank() >= 3 && w.rank() == x.rank() && group > 0 && x.dim(1) == w.dim(0) && x.dim(1) % group == 0,
          TENON_RUN, "X and W have dims ", DimsView(x.dims()), " and ", DimsView(w.dims()),
          ", expected [N, C, ...] and [C, M/group, ...] with C a multiple of group ", group);
  const Sizes s{x.dim(0), x.dim(1), kit::checked_mul(w.dim(1), group), group};
  require(!c.has_input(2) || c.input(2).dims() == Dims{s.maps}, TENON_RUN, "B has other dims than [", s.maps, "]");
  return s;
}

// A Window whose `in` is Y and whose `out` is X: ConvTranspose walks a convolution backwards.
Window backward_window(const Context& c, DimsView in, DimsView kernel) {
  const kit::Attributes& a = c.attributes();
  const size_t n = in.size();
  Window w;
  w.out.assign(in.begin(), in.end());
  w.kernel.assign(kernel.begin(), kernel.end());
  require(!a.has("kernel_shape") || a.ints("kernel_shape", n, 1) == w.kernel, TENON_RUN,
          "attribute 'kernel_shape' differs from the dims of W, ", kernel);
  w.strides = a.ints("strides", n, 1);
  w.dilations = a.ints("dilations", n, 1);
  const Dims extra = a.ints("output_padding", n, 0), pads = a.ints("pads", 2 * n, 0);
  Dims wanted = a.has("output_shape") ? Dims(a.ints("output_shape").begin(), a.ints("output_shape").end()) : Dims();
  if (wanted.size() == n + 2)
    wanted.erase(wanted.begin(), wanted.begin() + 2);  // batch and channels may stand in front
  require(wanted.empty() || wanted.size() == n, TENON_RUN, "attribute 'output_shape' has ", wanted.size(),
          " entries, expected ", n);
  const std::string_view mode = a.string("auto_pad", "NOTSET");
  const bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  for (size_t i = 0; i < n; ++i) {
    require(w.strides[i] > 0 && w.dilations[i] > 0 && w.kernel[i] > 0 && extra[i] >= 0, TENON_RUN, "spatial axis ", i,
            " has stride ", w.strides[i], ", dilation ", w.dilations[i], ", kernel ", w.kernel[i], ", output padding ",
            extra[i]);
    const int64_t reach =
        kit::checked_add(kit::checked_add(kit::checked_mul(w.strides[i], in[i] - 1), w.extent(i)), extra[i]);
    int64_t begin = mode == "VALID" ? 0 : pads[i], end = mode == "VALID" ? 0 : pads[n + i];
    int64_t length = reach - begin - end;
    if (!wanted.empty() || same) {
      length = wanted.empty() ? kit::checked_mul(in[i], w.strides[i]) : wanted[i];
      const int64_t total = std::max<int64_t>(0, reach - length);  // a longer output ends in zeros
      begin = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
      end = total - begin;
    }
    w.begin.push_back(begin);
    w.end.push_back(end);
    w.in.push_back(length);
    require(w.in[i] >= 0, TENON_RUN, "spatial axis ", i, " of the output has ", w.in[i], " elements");
  }
  return w;
}

// Adds weight * x to the outputs under element `k` of the window.
template <class T>
void scatter(const Window& w, DimsView k, double weight, const T* x, double* sums) {
  const size_t n = w.in.size();
  Dims dims(n);
  const Dims x_steps = kit::dense_strides(w.out);
  Dims steps = kit::dense_strides(w.in);
  for (size_t i = 0; i < n; ++i) {
    const auto [first, last] = inside(w, i, k[i]);
    if (last <= first) return;
    dims[i] = last - first;
    x += first * x_steps[i];
    sums += (first * w.strides[i] + k[i] * w.dilations[i] - w.begin[i]) * steps[i];
    steps[i] *= w.strides[i];
  }
  kit::Walk<2>(dims, {steps, x_steps}).rows([&](const auto& offset, int64_t count, const auto& step) {
    for (int64_t i = 0; i < count; ++i) {
      sums[offset[0] + i * step[0]] += weight * kit::widen(x[offset[1] + i * step[1]]);
    }
  });
}

template <class T>
void plane(const Context& c, const Sizes& s, const Window& w, int64_t image, int64_t map, T* y) {
  const int64_t elements = kit::count(w.kernel), x_plane = kit::count(w.out), y_plane = kit::count(w.in);
  const int64_t group_maps = s.maps / s.group, group_channels = s.channels / s.group;
  const int64_t first = map / group_maps * group_channels;
  std::vector<double> sums(static_cast<size_t>(y_plane), 0.0);
  Dims k(w.kernel.size());
  for (int64_t channel = first; channel < first + group_channels; ++channel) {
    c.check();
    const T* x = c.input(0).data<T>() + (image * s.channels + channel) * x_plane;
    const T* weights = c.input(1).data<T>() + (channel * group_maps + map % group_maps) * elements;
    for (int64_t e = 0; e < elements; ++e) {
      int64_t rest = e;
      for (size_t i = k.size(); i-- > 0; rest /= w.kernel[i]) k[i] = rest % w.kernel[i];
      scatter(w, k, kit::widen(weights[e]), x, sums.data());
    }
  }
  const double bias = c.has_input(2) ? kit::widen(c.input(2).data<T>()[map]) : 0;
  for (int64_t o = 0; o < y_plane; ++o) y[o] = kit::narrow<T>(sums[static_cast<size_t>(o)] + bias);
}

void run(Context& c) {
  const Sizes s = sizes(c);
  const Window w = backward_window(c, DimsView(c.input(0).dims()).subspan(2), DimsView(c.input(1).dims()).subspan(2));
  Dims dims{s.batch, s.maps};
  dims.insert(dims.end(), w.in.begin(), w.in.end());
  Output& y = c.output(0, dims);
  kit::dispatch(kit::kFloats, y.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(s.batch * s.maps,
                   [&](int64_t i) { plane(c, s, w, i / s.maps, i % s.maps, y.data<T>() + i * kit::count(w.in)); });
  });
}

}  // namespace

TENON_OPERATOR(convtranspose){
    .name = "ConvTranspose",
    .form = 1,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T", "T", "T?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
