// SPDX-License-Identifier: Apache-2.0
// ai.onnx Tile, form 6: the input repeated along each axis as often as input 1 says.
#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  const Dims repeats = c.integers(1);
  require(repeats.size() == x.dims().size(), TENON_RUN, "repeats has ", repeats.size(), " entries, expected ",
          x.rank());
  const Dims steps = kit::dense_strides(x.dims());
  Dims dims, walked, strides;  // walked: each axis as its repeats, then its entries
  for (size_t i = 0; i < repeats.size(); ++i) {
    require(repeats[i] >= 0, TENON_RUN, "repeats[", i, "] is ", repeats[i], ", expected 0 or more");
    dims.push_back(kit::checked_mul(repeats[i], x.dims()[i]));
    walked.insert(walked.end(), {repeats[i], x.dims()[i]});
    strides.insert(strides.end(), {0, steps[i]});
  }
  Output& y = c.output(0, dims);
  kit::copy(x.element_bytes(), walked, y.raw(), kit::dense_strides(walked), x.raw(), strides);
}

}  // namespace

TENON_OPERATOR(tile){
    .name = "Tile",
    .form = 6,
    .types = {{"T", kit::kAllBasic}, {"T1", kit::Types<int64_t>{}}},
    .inputs = {"T", "T1"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
