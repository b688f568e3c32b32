// SPDX-License-Identifier: Apache-2.0
// ai.onnx Slice, form 10: of each named axis the entries start, start + step, ... before end. As Python slices do, but
// for a backward start before the first entry, which ONNX moves onto it.
#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kIndex = kit::Types<int32_t, int64_t>{};

struct Range {
  int64_t first, count, step;
};

// Any 64-bit start, end and step but a step of 0.
Range clamped(int64_t start, int64_t end, int64_t step, int64_t dim) {
  require(step != 0, TENON_RUN, "a step is 0, expected another number");
  if (start < 0) start += dim;
  if (end < 0) end += dim;
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, dim);
    end = std::clamp<int64_t>(end, 0, dim);
    return {start, end > start ? (end - start - 1) / step + 1 : 0, step};
  }
  if (dim == 0) return {0, 0, step};
  start = std::clamp<int64_t>(start, 0, dim - 1);
  end = std::clamp<int64_t>(end, -1, dim - 1);
  return {start, end < start ? (end - start + 1) / step + 1 : 0, step};
}

// Input i as integers, or when it is absent `n` numbers from `first` on by `step`.
Dims integers_or(const Context& c, size_t i, size_t n, int64_t first, int64_t step) {
  Dims out;
  if (c.has_input(i)) {
    out = c.integers(i);
  } else {
    for (size_t k = 0; k < n; ++k) out.push_back(first + static_cast<int64_t>(k) * step);
  }
  require(out.size() == n, TENON_RUN, "input ", i, " has ", out.size(), " entries, expected ", n, " as 'starts'");
  return out;
}

void run(Context& c) {
  const Input& x = c.input(0);
  const Dims starts = c.integers(1);
  const Dims ends = integers_or(c, 2, starts.size(), 0, 0);
  const Dims axes = kit::normal_axes(integers_or(c, 3, starts.size(), 0, 1), x.rank(), "input 'axes'");
  const Dims steps = integers_or(c, 4, starts.size(), 1, 0);
  Dims dims = x.dims();
  Dims strides = kit::dense_strides(dims);
  int64_t origin = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(axes[i]);
    const Range range = clamped(starts[i], ends[i], steps[i], x.dims()[axis]);
    dims[axis] = range.count;
    origin += range.count == 0 ? 0 : range.first * strides[axis];
    strides[axis] = range.count <= 1 ? 0 : strides[axis] * range.step;  // a step past the end may be any number
  }
  Output& y = c.output(0, dims);
  if (y.count() == 0) return;
  kit::copy(x.element_bytes(), dims, y.raw(), kit::dense_strides(dims), x.raw() + origin * x.element_bytes(), strides);
}

}  // namespace

TENON_OPERATOR(slice){
    .name = "Slice",
    .form = 10,
    .types = {{"T", kit::kAllBasic}, {"Tind", kIndex}},
    .inputs = {"T", "Tind", "Tind", "Tind?", "Tind?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
