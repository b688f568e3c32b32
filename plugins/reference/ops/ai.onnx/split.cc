// SPDX-License-Identifier: Apache-2.0
// ai.onnx Split, form 18: pieces of `axis`, in order, of the sizes in input 1; without it `num_outputs` equal ones of
// which the last may be smaller.
#include "operator.hpp"

namespace tenon::reference {
namespace {

Dims piece_sizes(const Context& c, int64_t dim) {
  if (!c.has_input(1)) {
    const int64_t n = c.attributes().integer("num_outputs", static_cast<int64_t>(c.noutputs()));
    require(n == static_cast<int64_t>(c.noutputs()), TENON_RUN, "attribute 'num_outputs' is ", n, ", expected ",
            c.noutputs());
    const int64_t size = dim / n + (dim % n != 0 ? 1 : 0);
    Dims out(c.noutputs(), size);
    out.back() = dim - size * (n - 1);
    require(out.back() >= 0, TENON_RUN, "a dim of ", dim, " does not give ", n, " pieces of ", size,
            " of which only the last is smaller");
    return out;
  }
  Dims out = c.integers(1);
  require(out.size() == c.noutputs(), TENON_RUN, "input 'split' has ", out.size(), " sizes, expected ", c.noutputs());
  int64_t sum = 0;
  for (const int64_t size : out) {
    require(size >= 0, TENON_RUN, "input 'split' has the size ", size, ", expected 0 or more");
    sum = kit::checked_add(sum, size);
  }
  require(sum == dim, TENON_RUN, "the sizes ", DimsView(out), " add up to ", sum, ", expected ", dim);
  return out;
}

void run(Context& c) {
  const Input& x = c.input(0);
  const auto axis =
      static_cast<size_t>(kit::normal_axis(c.attributes().integer("axis", 0), x.rank(), "attribute 'axis'"));
  const Dims sizes = piece_sizes(c, x.dims()[axis]);
  const Dims strides = kit::dense_strides(x.dims());
  int64_t begin = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    c.check();
    const int64_t first = begin;
    begin += sizes[i];
    if (!c.has_output(i)) continue;
    Dims dims = x.dims();
    dims[axis] = sizes[i];
    Output& y = c.output(i, dims);
    if (y.count() == 0) continue;  // its other dims may be too large for any offset
    kit::copy(x.element_bytes(), dims, y.raw(), kit::dense_strides(dims),
              x.raw() + first * strides[axis] * x.element_bytes(), strides);
  }
}

}  // namespace

TENON_OPERATOR(split){
    .name = "Split",
    .form = 18,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T", "int64?"},
    .outputs = {"T..."},
    .run = run,
};

}  // namespace tenon::reference
