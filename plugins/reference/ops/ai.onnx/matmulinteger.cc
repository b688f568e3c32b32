// SPDX-License-Identifier: Apache-2.0
// ai.onnx MatMulInteger, form 10: Y = (A - a_zero_point)(B - b_zero_point) as numpy.matmul, in int32 (wrapping around).
// A zero point is one, one for each row of A or column of B, or broadcasts.
#include "product.hpp"
#include "quantize.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const ProductShapes s = product_shapes(c.input(0).dims(), c.input(1).dims());
  Output& y = c.output(0, s.y);
  if (y.count() == 0) return;
  const std::vector<double> a = centred(c, 0, 2, kBytes, true);
  const std::vector<double> b = centred(c, 1, 3, kBytes);
  product(c, s, a.data(), b.data(), [&](int64_t at, int64_t n, const double* sums) {
    for (int64_t j = 0; j < n; ++j) y.data<int32_t>()[at + j] = static_cast<int32_t>(static_cast<int64_t>(sums[j]));
  });
}

}  // namespace

TENON_OPERATOR(matmulinteger){
    .name = "MatMulInteger",
    .form = 10,
    .types = {{"T1", kBytes}, {"T2", kBytes}, {"T3", kit::Types<int32_t>{}}},
    .inputs = {"T1", "T2", "T1?", "T2?"},
    .outputs = {"T3"},
    .run = run,
};

}  // namespace tenon::reference
