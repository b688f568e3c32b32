// SPDX-License-Identifier: Apache-2.0
// ai.onnx Gather, form 1: the entries of `axis` that the indices name; an index below 0 counts from the end.
#include <cstring>

#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kIndex = kit::Types<int32_t, int64_t>{};

void run(Context& c) {
  const Input& x = c.input(0);
  const int64_t axis = kit::normal_axis(c.attributes().integer("axis", 0), x.rank(), "attribute 'axis'");
  Dims index = c.integers(1);
  for (int64_t& i : index) i = kit::normal_axis(i, x.dim(axis), "an index");

  const auto place = x.dims().begin() + axis;
  Dims dims(x.dims().begin(), place);
  dims.insert(dims.end(), c.input(1).dims().begin(), c.input(1).dims().end());
  dims.insert(dims.end(), place + 1, x.dims().end());
  Output& y = c.output(0, dims);
  if (y.count() == 0) return;

  const int64_t outer = kit::count(DimsView(x.dims().begin(), place));
  const int64_t block = kit::count(DimsView(place + 1, x.dims().end())) * x.element_bytes();
  const std::byte* from = x.raw();
  std::byte* to = y.raw();
  for (int64_t o = 0; o < outer; ++o, from += x.dim(axis) * block) {
    c.check();
    for (const int64_t i : index) {
      std::memcpy(to, from + i * block, static_cast<size_t>(block));
      to += block;
    }
  }
}

}  // namespace

TENON_OPERATOR(gather){
    .name = "Gather",
    .form = 1,
    .types = {{"T", kit::kAllBasic}, {"Tind", kIndex}},
    .inputs = {"T", "Tind"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
