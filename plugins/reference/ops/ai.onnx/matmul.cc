// SPDX-License-Identifier: Apache-2.0
// ai.onnx MatMul, form 1: Y = A B as numpy.matmul: [..., M, K] x [..., K, N] -> [..., M, N] with the leading axes
// broadcast; a 1-D A is one row, a 1-D B one column, and that axis is missing from Y.
#include "product.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& a = c.input(0);
  const Input& b = c.input(1);
  const ProductShapes s = product_shapes(a.dims(), b.dims());
  Output& y = c.output(0, s.y);
  if (y.count() == 0) return;
  kit::dispatch(kProductTypes, a.dtype(), [&]<class T>(Tag<T>) {
    product(c, s, a.data<T>(), b.data<T>(), [&](int64_t at, int64_t n, const Sum<T>* sums) {
      for (int64_t j = 0; j < n; ++j) y.data<T>()[at + j] = rounded<T>(sums[j]);
    });
  });
}

}  // namespace

TENON_OPERATOR(matmul){
    .name = "MatMul",
    .form = 1,
    .types = {{"T", kProductTypes}},
    .inputs = {"T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
