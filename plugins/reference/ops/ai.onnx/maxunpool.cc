// SPDX-License-Identifier: Apache-2.0
// ai.onnx MaxUnpool, form 9: X at the places that MaxPool's second output names, zeros elsewhere. The places are those
// of the dims that the window gives back; `output_shape` may have more.
#include <algorithm>
#include <functional>

#include "pool.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  require(x.rank() >= 3 && c.input(1).dims() == x.dims(), TENON_RUN, "X and its places have dims ", DimsView(x.dims()),
          " and ", DimsView(c.input(1).dims()), ", expected the same of rank 3 or more");
  const auto axes = static_cast<size_t>(x.rank()) - 2;
  const Dims kernel = c.attributes().ints("kernel_shape", axes, 1), strides = c.attributes().ints("strides", axes, 1);
  const Dims pads = c.attributes().ints("pads", 2 * axes, 0);
  Dims dims = x.dims();
  for (size_t i = 0; i < axes; ++i) {
    require(kernel[i] > 0 && strides[i] > 0 && pads[i] >= 0 && pads[axes + i] >= 0, TENON_RUN, "spatial axis ", i,
            " has kernel ", kernel[i], ", stride ", strides[i], " and padding ", pads[i], " and ", pads[axes + i]);
    const int64_t reach = kit::checked_mul(x.dims()[i + 2] - 1, strides[i]);
    dims[i + 2] = kit::checked_add(reach, kernel[i]) - pads[i] - pads[axes + i];
    require(dims[i + 2] >= 0, TENON_RUN, "spatial axis ", i, " of the output has ", dims[i + 2], " elements");
  }
  const Dims wanted = c.has_input(2) ? c.integers(2) : dims;
  require(wanted.size() == dims.size() && std::ranges::equal(wanted, dims, std::greater_equal<>()), TENON_RUN,
          "output_shape is ", DimsView(wanted), ", expected at least ", DimsView(dims));
  Output& y = c.output(0, wanted);
  const Dims steps = kit::dense_strides(wanted);
  const int64_t n = kit::count(dims);
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    std::fill_n(y.data<T>(), y.count(), T{});
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % 4096 == 0) c.check();
      const Dims index = unflatten(kit::normal_axis(c.input(1).data<int64_t>()[i], n, "a place"), dims);
      int64_t at = 0;
      for (size_t k = 0; k < index.size(); ++k) at += index[k] * steps[k];
      y.data<T>()[at] = x.data<T>()[i];
    }
  });
}

}  // namespace

TENON_OPERATOR(maxunpool){
    .name = "MaxUnpool",
    .form = 9,
    .types = {{"T1", kit::kFloats}, {"T2", kit::Types<int64_t>{}}},
    .inputs = {"T1", "T2", "T2?"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
