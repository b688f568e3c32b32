// SPDX-License-Identifier: Apache-2.0
// ai.onnx ScatterND, form 11: the data with the updates at the places that lines of the indices (their last axis) name;
// `reduction` says what the two make. In the order of the indices.
#include "indexed.hpp"

namespace tenon::reference {
namespace {

std::string refuse(const plugin::Node& node) { return refuse_update(node); }

void run(Context& c) {
  const Input& index = c.input(1);
  const DimsView dims = c.input(0).dims();
  require(index.rank() > 0, TENON_RUN, "the indices have rank 0, expected 1 or more");
  const int64_t depth = index.dim(index.rank() - 1);
  require(depth <= c.input(0).rank(), TENON_RUN, "the last dim of the indices is ", depth, ", expected at most ",
          dims.size());
  const DimsView block = dims.subspan(static_cast<size_t>(depth));
  Dims wanted(index.dims().begin(), index.dims().end() - 1);
  const int64_t lines = kit::count(wanted);
  wanted.insert(wanted.end(), block.begin(), block.end());
  require(c.input(2).dims() == wanted, TENON_RUN, "the updates have dims ", DimsView(c.input(2).dims()), ", expected ",
          DimsView(wanted));
  const Input& x = c.input(0);
  Output& y = c.output(0, x.dims());
  kit::copy(x.element_bytes(), Dims{x.count()}, y.raw(), {1}, x.raw(), {1});
  const Update update = update_of(c.attributes().string("reduction", "none")).value_or(Update::kNone);
  const Dims strides = kit::dense_strides(dims);
  const auto* places = index.data<int64_t>();
  const int64_t size = kit::count(block);
  kit::dispatch(kit::kAllBasic, x.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t line = 0; line < lines; ++line, places += depth) {
      if (line % 1024 == 0) c.check();
      int64_t at = 0;
      for (int64_t k = 0; k < depth; ++k) {
        at += kit::normal_axis(places[k], dims[static_cast<size_t>(k)], "an index") * strides[static_cast<size_t>(k)];
      }
      update_elements(update, c.input(2).data<T>() + line * size, size, y.data<T>() + at);
    }
  });
}

}  // namespace

TENON_OPERATOR(scatternd){
    .name = "ScatterND",
    .form = 11,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T", "int64", "T"},
    .outputs = {"T"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
