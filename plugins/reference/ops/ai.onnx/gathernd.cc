// SPDX-License-Identifier: Apache-2.0
// ai.onnx GatherND, form 11: each line of the indices (their last axis) is a place in the data, behind `batch_dims`
// axes that both have; what lies there is copied. An index below 0 counts from the end.
#include <cstring>

#include "operator.hpp"

namespace tenon::reference {
namespace {

struct Sizes {
  int64_t batch_dims, depth;      // axes that are batches; entries of a line
  int64_t batches, lines, block;  // lines of each batch; elements of what one line names
  Dims dims;
};

Sizes sizes_of(const Input& x, const Input& index, int64_t batch_dims) {
  require(x.rank() > 0 && index.rank() > 0, TENON_RUN, "data has rank ", x.rank(), " and indices rank ", index.rank(),
          ", expected 1 or more");
  require(batch_dims >= 0 && batch_dims < std::min(x.rank(), index.rank()), TENON_RUN, "attribute 'batch_dims' is ",
          batch_dims, ", expected 0 to ", std::min(x.rank(), index.rank()) - 1);
  const int64_t depth = index.dim(index.rank() - 1);
  require(depth >= 1 && depth <= x.rank() - batch_dims, TENON_RUN, "the last dim of the indices is ", depth,
          ", expected 1 to ", x.rank() - batch_dims);
  const DimsView data(x.dims());
  const DimsView places(index.dims());
  const auto b = static_cast<size_t>(batch_dims);
  require(std::ranges::equal(data.first(b), places.first(b)), TENON_RUN, "data of dims ", data, " and indices of dims ",
          places, " differ in the first ", batch_dims, " dims");
  const DimsView lines = places.subspan(b, places.size() - b - 1);
  const DimsView block = data.subspan(b + static_cast<size_t>(depth));
  Sizes out{batch_dims, depth, kit::count(data.first(b)), kit::count(lines), kit::count(block), {}};
  out.dims.assign(places.begin(), places.end() - 1);
  out.dims.insert(out.dims.end(), block.begin(), block.end());
  return out;
}

void run(Context& c) {
  const Input& x = c.input(0);
  const Sizes s = sizes_of(x, c.input(1), c.attributes().integer("batch_dims", 0));
  Output& y = c.output(0, s.dims);
  const Dims strides = kit::dense_strides(x.dims());
  const auto* index = c.input(1).data<int64_t>();
  const int64_t batch_step = s.batches == 0 ? 0 : x.count() / s.batches;
  const int64_t bytes = kit::checked_mul(s.block, x.element_bytes());
  std::byte* to = y.raw();
  for (int64_t batch = 0; batch < s.batches; ++batch) {
    for (int64_t line = 0; line < s.lines; ++line, index += s.depth) {
      if (line % 1024 == 0) c.check();
      int64_t from = batch * batch_step;
      for (int64_t k = 0; k < s.depth; ++k) {
        const int64_t axis = s.batch_dims + k;
        from += kit::normal_axis(index[k], x.dim(axis), "an index") * strides[static_cast<size_t>(axis)];
      }
      if (bytes == 0) continue;
      std::memcpy(to, x.raw() + from * x.element_bytes(), static_cast<size_t>(bytes));
      to += bytes;
    }
  }
}

}  // namespace

TENON_OPERATOR(gathernd){
    .name = "GatherND",
    .form = 11,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T", "int64"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
