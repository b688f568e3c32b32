// SPDX-License-Identifier: Apache-2.0
// ai.onnx Det, form 11: the determinants of the square matrices in the last two axes, by elimination with the largest
// pivot, in double.
#include <cmath>

#include "operator.hpp"

namespace tenon::reference {
namespace {

double determinant(std::vector<double> m, int64_t n) {
  double product = 1;
  for (int64_t k = 0; k < n; ++k) {
    const auto at = [&](int64_t i, int64_t j) -> double& { return m[static_cast<size_t>(i * n + j)]; };
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i) {
      if (std::fabs(at(i, k)) > std::fabs(at(pivot, k))) pivot = i;
    }
    if (at(pivot, k) == 0) return 0;
    for (int64_t j = 0; j < n && pivot != k; ++j) std::swap(at(pivot, j), at(k, j));
    product *= pivot == k ? at(k, k) : -at(k, k);
    for (int64_t i = k + 1; i < n; ++i) {
      const double factor = at(i, k) / at(k, k);
      for (int64_t j = k; j < n; ++j) at(i, j) -= factor * at(k, j);
    }
  }
  return product;
}

void run(Context& c) {
  const Input& x = c.input(0);
  const int64_t n = x.rank() < 2 ? 0 : x.dim(x.rank() - 1);
  require(x.rank() >= 2 && x.dim(x.rank() - 2) == n, TENON_RUN, "X has dims ", DimsView(x.dims()),
          ", expected square matrices");
  Output& y = c.output(0, Dims(x.dims().begin(), x.dims().end() - 2));
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(y.count(), [&](int64_t i) {
      const T* first = x.data<T>() + i * n * n;
      y.data<T>()[i] = kit::narrow<T>(determinant(std::vector<double>(first, first + n * n), n));
    });
  });
}

}  // namespace

TENON_OPERATOR(det){
    .name = "Det",
    .form = 11,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
