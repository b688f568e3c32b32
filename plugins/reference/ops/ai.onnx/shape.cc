// SPDX-License-Identifier: Apache-2.0
// ai.onnx Shape, form 1: the input's dims from `start` up to `end`; each counts from the end when below 0.
#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  const auto place = [&](std::string_view name, int64_t otherwise) {
    const int64_t axis = c.attributes().integer(name, otherwise);
    return std::clamp<int64_t>(axis < 0 ? axis + x.rank() : axis, 0, x.rank());
  };
  const int64_t start = place("start", 0);
  const int64_t end = std::max(start, place("end", x.rank()));
  Output& y = c.output(0, {end - start});
  std::copy(x.dims().begin() + start, x.dims().begin() + end, y.data<int64_t>());
}

}  // namespace

TENON_OPERATOR(shape){
    .name = "Shape",
    .form = 1,
    .types = {{"T", kit::kAll}, {"T1", kit::Types<int64_t>{}}},
    .inputs = {"T"},
    .outputs = {"T1"},
    .run = run,
};

}  // namespace tenon::reference
