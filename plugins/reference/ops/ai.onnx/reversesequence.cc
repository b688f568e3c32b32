// SPDX-License-Identifier: Apache-2.0
// ai.onnx ReverseSequence, form 10: the first sequence_lens[b] steps of each batch entry in reverse, the others as they
// are.
#include <cstring>

#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  require(x.rank() >= 2, TENON_RUN, "the input has dims ", DimsView(x.dims()), ", expected a rank of 2 or more");
  const int64_t time = kit::normal_axis(c.attributes().integer("time_axis", 0), x.rank(), "attribute 'time_axis'");
  const int64_t batch = kit::normal_axis(c.attributes().integer("batch_axis", 1), x.rank(), "attribute 'batch_axis'");
  require(time != batch && time < 2 && batch < 2, TENON_RUN, "attributes 'time_axis' and 'batch_axis' are ", time,
          " and ", batch, ", expected 0 and 1 or 1 and 0");
  const Dims lengths = c.integers(1);
  require(lengths.size() == static_cast<size_t>(x.dim(batch)), TENON_RUN, "sequence_lens has ", lengths.size(),
          " entries, expected ", x.dim(batch));
  Output& y = c.output(0, x.dims());
  if (x.count() == 0) return;
  const int64_t row = x.count() / (x.dim(0) * x.dim(1)) * x.element_bytes();
  const int64_t time_step = time == 0 ? x.dim(1) : 1, batch_step = batch == 0 ? x.dim(1) : 1;
  for (int64_t b = 0; b < x.dim(batch); ++b) {
    c.check();
    const int64_t n = lengths[static_cast<size_t>(b)];
    require(n >= 0 && n <= x.dim(time), TENON_RUN, "sequence_lens[", b, "] is ", n, ", expected one in [0, ",
            x.dim(time), "]");
    for (int64_t t = 0; t < x.dim(time); ++t) {
      const int64_t from = t < n ? n - 1 - t : t;
      std::memcpy(y.raw() + (b * batch_step + t * time_step) * row, x.raw() + (b * batch_step + from * time_step) * row,
                  static_cast<size_t>(row));
    }
  }
}

}  // namespace

TENON_OPERATOR(reversesequence){
    .name = "ReverseSequence",
    .form = 10,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T", "int64"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
