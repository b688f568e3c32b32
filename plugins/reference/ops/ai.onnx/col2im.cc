// SPDX-License-Identifier: Apache-2.0
// ai.onnx Col2Im, form 18: images [N, C, i1...] out of their windows [N, C * block, windows]: what windows have in
// common is added up.
#include <algorithm>

#include "pool.hpp"

namespace tenon::reference {
namespace {

constexpr auto kSummed = kit::kNumbers + kit::kComplex;

template <class T>
void add_windows(const Context& c, const Window& w, int64_t planes, const T* x, T* y) {
  const int64_t block = kit::count(w.kernel), windows = kit::count(w.out), image = kit::count(w.in);
  std::fill_n(y, planes * image, T{});
  const Dims steps = kit::dense_strides(w.in);
  for (int64_t row = 0; row < planes * block; ++row) {
    c.check();
    const Dims k = unflatten(row % block, w.kernel);
    for (int64_t o = 0; o < windows; ++o) {
      const Dims at = unflatten(o, w.out);
      int64_t flat = row / block * image;
      bool inside = true;
      for (size_t i = 0; i < k.size(); ++i) {
        const int64_t place = at[i] * w.strides[i] + k[i] * w.dilations[i] - w.begin[i];
        inside = inside && place >= 0 && place < w.in[i];
        flat += place * steps[i];
      }
      if (!inside) continue;
      if constexpr (kit::is_complex<T>) {
        y[flat] += x[row * windows + o];
      } else {
        y[flat] = kit::narrow<T>(add(kit::widen(y[flat]), kit::widen(x[row * windows + o])));
      }
    }
  }
}

std::string refuse(const plugin::Node& node) {
  const kit::DtypeSet summed = kSummed;
  return summed.has(node.input(0).dtype()) ? ""
                                           : plugin::cat(plugin::dtype_name(node.input(0).dtype()), " has no sums");
}

void run(Context& c) {
  const Input& x = c.input(0);
  const Dims image = c.integers(1), block = c.integers(2);
  for (const int64_t d : image) require(d >= 0, TENON_RUN, "image_shape has the dim ", d, ", expected 0 or more");
  const Window w = make_window(c.attributes(), image, block);
  const int64_t elements = kit::count(block);
  require(x.rank() == 3 && x.dim(1) % elements == 0 && x.dim(2) == kit::count(w.out), TENON_RUN, "the input has dims ",
          DimsView(x.dims()), ", expected [N, C * ", elements, ", ", kit::count(w.out), "]");
  Dims dims{x.dim(0), x.dim(1) / elements};
  dims.insert(dims.end(), image.begin(), image.end());
  Output& y = c.output(0, dims);
  kit::dispatch(kSummed, x.dtype(),
                [&]<class T>(Tag<T>) { add_windows(c, w, dims[0] * dims[1], x.data<T>(), y.data<T>()); });
}

}  // namespace

TENON_OPERATOR(col2im){
    .name = "Col2Im",
    .form = 18,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T", "int64", "int64"},
    .outputs = {"T"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
