// SPDX-License-Identifier: Apache-2.0
// The convolution that Conv, ConvInteger and QLinearConv share: X [N, C, D1...], W [M, C/group, k1...] -> [N, M, o1...]
// with any number of spatial axes. Sums in double over channels, then window elements, in memory order.
#ifndef TENON_REFERENCE_CONVOLUTION_HPP_
#define TENON_REFERENCE_CONVOLUTION_HPP_

#include "window.hpp"

namespace tenon::reference {

/// Sizes and windows of one convolution.
struct Convolution {
  int64_t batch, channels, maps, group, group_channels, group_maps;
  Window window;

  /// Reads attributes group, kernel_shape and those of make_window; throws unless X and W fit.
  Convolution(const Context& c, const Input& x, const Input& w) {
    require(x.rank() >= 3 && w.rank() == x.rank(), TENON_RUN, "X and W have dims ", DimsView(x.dims()), " and ",
            DimsView(w.dims()), ", expected one rank of 3 or more");
    batch = x.dim(0);
    channels = x.dim(1);
    maps = w.dim(0);
    group = c.attributes().integer("group", 1);
    require(group > 0 && channels % group == 0 && maps % group == 0 && channels / group == w.dim(1), TENON_RUN,
            "X and W have dims ", DimsView(x.dims()), " and ", DimsView(w.dims()),
            ", which do not fit attribute 'group' of ", group);
    group_channels = channels / group;
    group_maps = maps / group;
    const DimsView kernel = DimsView(w.dims()).subspan(2);
    const Dims named = c.attributes().has("kernel_shape") ? c.attributes().ints("kernel_shape", kernel.size(), 1)
                                                          : Dims(kernel.begin(), kernel.end());
    require(std::ranges::equal(named, kernel), TENON_RUN, "attribute 'kernel_shape' is ", DimsView(named), ", W has ",
            kernel);
    window = make_window(c.attributes(), DimsView(x.dims()).subspan(2), named);
  }
  Dims y_dims() const {
    Dims dims{batch, maps};
    dims.insert(dims.end(), window.out.begin(), window.out.end());
    return dims;
  }
  int64_t plane() const { return kit::count(window.out); }

  /// Calls store(i, sums) for each plane i of Y, with the sums of its elements, in any order and on several threads.
  /// `x` holds X; weight(i) is element i of W.
  template <class W, class F>
  void run(const Context& c, const std::vector<double>& x, W&& weight, F&& store) const {
    const int64_t in_plane = kit::count(window.in);
    const int64_t elements = kit::count(window.kernel);
    c.parallel_for(batch * maps, [&](int64_t i) {
      const int64_t map = i % maps;
      const int64_t first = i / maps * channels + map / group_maps * group_channels;
      std::vector<double> sums(static_cast<size_t>(plane()), 0.0);
      Dims k(window.kernel.size(), 0);
      for (int64_t channel = 0; channel < group_channels; ++channel) {
        c.check();
        const double* from = x.data() + (first + channel) * in_plane;
        for (int64_t e = 0; e < elements; ++e) {
          int64_t rest = e;
          for (size_t axis = k.size(); axis-- > 0; rest /= window.kernel[axis]) k[axis] = rest % window.kernel[axis];
          add_shifted(k, weight((map * group_channels + channel) * elements + e), from, sums.data());
        }
      }
      store(i, sums);
    });
  }

 private:
  // Adds weight * x to every output of one plane for one element of the window, which lies at index `k`.
  void add_shifted(DimsView k, double weight, const double* x, double* sums) const {
    const size_t n = window.in.size();
    Dims dims(n);
    Dims in_steps = kit::dense_strides(window.in);
    const Dims out_steps = kit::dense_strides(window.out);
    for (size_t i = 0; i < n; ++i) {
      const auto [first, last] = inside(window, i, k[i]);
      dims[i] = last - first;
      if (dims[i] == 0) return;
      x += (first * window.strides[i] + k[i] * window.dilations[i] - window.begin[i]) * in_steps[i];
      sums += first * out_steps[i];
      in_steps[i] *= window.strides[i];
    }
    kit::Walk<2>(dims, {out_steps, in_steps}).rows([&](const auto& offset, int64_t count, const auto& step) {
      double* s = sums + offset[0];
      const double* v = x + offset[1];
      for (int64_t i = 0; i < count; ++i) s[i * step[0]] += weight * v[i * step[1]];
    });
  }
};

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_CONVOLUTION_HPP_
