// SPDX-License-Identifier: Apache-2.0
// ai.onnx Compress, form 9: the entries along `axis` (of the flattened input without one) for which the condition is
// true; what the condition is too short for is left out.
#include <cstring>

#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  const Input& condition = c.input(1);
  const bool flat = !c.attributes().has("axis");
  const int64_t axis = flat ? 0 : kit::normal_axis(c.attributes().integer("axis"), x.rank(), "attribute 'axis'");
  Dims dims = flat ? Dims{x.count()} : x.dims();
  const int64_t n = dims[static_cast<size_t>(axis)];
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < condition.count(); ++i) {
    if (!condition.data<kit::Bool>()[i]) continue;
    require(i < n, TENON_RUN, "the condition is true at ", i, ", the axis has ", n, " entries");
    chosen.push_back(i);
  }
  const int64_t row = kit::dense_strides(dims)[static_cast<size_t>(axis)] * x.element_bytes();
  dims[static_cast<size_t>(axis)] = static_cast<int64_t>(chosen.size());
  Output& y = c.output(0, dims);
  if (y.count() == 0) return;
  std::byte* to = y.raw();
  const int64_t outer = x.count() * x.element_bytes() / (n * row);
  for (int64_t o = 0; o < outer; ++o) {
    c.check();
    for (const int64_t i : chosen) {
      std::memcpy(to, x.raw() + (o * n + i) * row, static_cast<size_t>(row));
      to += row;
    }
  }
}

}  // namespace

TENON_OPERATOR(compress){
    .name = "Compress",
    .form = 9,
    .types = {{"T", kit::kAllBasic}, {"T1", kit::Types<kit::Bool>{}}},
    .inputs = {"T", "T1"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
