// SPDX-License-Identifier: Apache-2.0
// ai.onnx Transpose, form 1: axis i of the output is axis perm[i] of the input; perm reverses the axes by default.
#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  const auto rank = static_cast<size_t>(x.rank());
  Dims perm(rank);
  for (size_t i = 0; i < rank; ++i) perm[i] = static_cast<int64_t>(rank - 1 - i);
  if (c.attributes().has("perm")) {
    perm = kit::normal_axes(c.attributes().ints("perm"), x.rank(), "attribute 'perm'");
    require(perm.size() == rank, TENON_RUN, "attribute 'perm' has ", perm.size(), " axes, expected ", rank);
  }
  const Dims x_strides = kit::dense_strides(x.dims());
  Dims dims(rank);
  Dims strides(rank);
  for (size_t i = 0; i < rank; ++i) {
    dims[i] = x.dim(perm[i]);
    strides[i] = x_strides[static_cast<size_t>(perm[i])];
  }
  Output& y = c.output(0, dims);
  kit::copy(x.element_bytes(), dims, y.raw(), kit::dense_strides(dims), x.raw(), strides);
}

}  // namespace

TENON_OPERATOR(transpose){
    .name = "Transpose",
    .form = 1,
    .types = {{"T", kit::kAll}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
