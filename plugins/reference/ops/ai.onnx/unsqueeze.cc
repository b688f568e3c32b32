// SPDX-License-Identifier: Apache-2.0
// ai.onnx Unsqueeze, form 13: the same elements with axes of dim 1 put in where input 1 says, counted in the output.
#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  const Dims wanted = c.integers(1);
  const int64_t rank = x.rank() + static_cast<int64_t>(wanted.size());
  require(rank <= TENON_MAX_RANK, TENON_LIMIT, "the output has rank ", rank, ", at most ", TENON_MAX_RANK,
          " is allowed");
  const Dims axes = kit::normal_axes(wanted, rank, "input 'axes'");
  Dims dims;
  auto next = x.dims().begin();
  for (int64_t i = 0; i < rank; ++i) {
    dims.push_back(std::find(axes.begin(), axes.end(), i) != axes.end() ? 1 : *next++);
  }
  Output& y = c.output(0, dims);
  kit::copy(x.element_bytes(), Dims{x.count()}, y.raw(), {1}, x.raw(), {1});
}

}  // namespace

TENON_OPERATOR(unsqueeze){
    .name = "Unsqueeze",
    .form = 13,
    .types = {{"T", kit::kAll}},
    .inputs = {"T", "int64"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
