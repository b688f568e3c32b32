// SPDX-License-Identifier: Apache-2.0
// ai.onnx ScatterElements, form 11: the data with the updates at the places that the indices name along an axis;
// `reduction` says what the two make. In the order of the indices.
#include "indexed.hpp"

namespace tenon::reference {
namespace {

constexpr auto kIndex = kit::Types<int32_t, int64_t>{};

std::string refuse(const plugin::Node& node) { return refuse_update(node); }

void run(Context& c) {
  require(c.input(2).dims() == c.input(1).dims(), TENON_RUN, "the updates have dims ", DimsView(c.input(2).dims()),
          ", expected those of the indices, ", DimsView(c.input(1).dims()));
  const Input& x = c.input(0);
  Output& y = c.output(0, x.dims());
  kit::copy(x.element_bytes(), Dims{x.count()}, y.raw(), {1}, x.raw(), {1});
  const Update update = update_of(c.attributes().string("reduction", "none")).value_or(Update::kNone);
  kit::dispatch(kit::kAllBasic, x.dtype(), [&]<class T>(Tag<T>) {
    const T* from = c.input(2).data<T>();
    for_each_index(c, x.dims(), [&](int64_t i, int64_t at) { update_elements(update, from + i, 1, y.data<T>() + at); });
  });
}

}  // namespace

TENON_OPERATOR(scatterelements){
    .name = "ScatterElements",
    .form = 11,
    .types = {{"T", kit::kAllBasic}, {"Tind", kIndex}},
    .inputs = {"T", "Tind", "T"},
    .outputs = {"T"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
