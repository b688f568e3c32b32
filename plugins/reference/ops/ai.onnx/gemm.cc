// SPDX-License-Identifier: Apache-2.0
// ai.onnx Gemm, form 11: Y = alpha A' B' + beta C, A' [M, K], B' [K, N], C broadcast to [M, N]; transA and transB say
// that A and B are given transposed. Rounded once, at the end.
#include "product.hpp"

namespace tenon::reference {
namespace {

template <class T>
Matrix<T> matrix(const Input& x, bool transposed) {
  const int64_t columns = x.dim(1);
  if (transposed) return {x.data<T>(), columns, x.dim(0), 1, columns};
  return {x.data<T>(), x.dim(0), columns, columns, 1};
}

// Integers stay exact while the factor is 1; with another one they go through double.
template <class T>
Sum<T> scaled(double factor, Sum<T> x) {
  if constexpr (kit::is_float<T>) {
    return factor * x;
  } else {
    if (factor == 1) return x;
    using Wide = kit::Wide<T>;
    return static_cast<Sum<T>>(static_cast<Wide>(factor * static_cast<double>(static_cast<Wide>(x))));
  }
}

template <class T>
void gemm(Context& c, const Matrix<T>& a, const Matrix<T>& b, Output& y) {
  const double alpha = c.attributes().number("alpha", 1);
  const double beta = c.attributes().number("beta", 1);
  const Input* add = c.has_input(2) ? &c.input(2) : nullptr;
  const Dims steps = add != nullptr ? kit::broadcast_strides(add->dims(), y.dims()) : Dims{0, 0};
  const int64_t n = b.columns;
  c.parallel_for(product_blocks(a.rows), [&](int64_t block) {
    product_rows(c, a, b, block * kProductRows, [&](int64_t row, const Sum<T>* sums) {
      T* out = y.data<T>() + row * n;
      for (int64_t j = 0; j < n; ++j) {
        Sum<T> sum = scaled<T>(alpha, sums[j]);
        if (add != nullptr) sum += scaled<T>(beta, term(add->data<T>()[row * steps[0] + j * steps[1]]));
        out[j] = rounded<T>(sum);
      }
    });
  });
}

void run(Context& c) {
  const Input& a = c.input(0);
  const Input& b = c.input(1);
  require(a.rank() == 2 && b.rank() == 2, TENON_RUN, "inputs A and B have dims ", DimsView(a.dims()), " and ",
          DimsView(b.dims()), ", expected rank 2");
  kit::dispatch(kProductTypes, a.dtype(), [&]<class T>(Tag<T>) {
    const Matrix<T> ma = matrix<T>(a, c.attributes().flag("transA"));
    const Matrix<T> mb = matrix<T>(b, c.attributes().flag("transB"));
    require(ma.columns == mb.rows, TENON_RUN, "A' is [", ma.rows, ",", ma.columns, "] and B' is [", mb.rows, ",",
            mb.columns, "], which share no inner dim");
    gemm(c, ma, mb, c.output(0, {ma.rows, mb.columns}));
  });
}

}  // namespace

TENON_OPERATOR(gemm){
    .name = "Gemm",
    .form = 11,
    .types = {{"T", kProductTypes}},
    .inputs = {"T", "T", "T?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
