// SPDX-License-Identifier: Apache-2.0
// The matrix product that MatMul and Gemm share: sums in double for floats, modulo 2^64 for integers, in the order of
// k.
#ifndef TENON_REFERENCE_PRODUCT_HPP_
#define TENON_REFERENCE_PRODUCT_HPP_

#include <algorithm>

#include "operator.hpp"

namespace tenon::reference {

/// The type to sum products in: double, or uint64_t, whose wrapped bits are those of every integer type.
template <class T>
using Sum = std::conditional_t<kit::is_float<T>, double, uint64_t>;
template <class T>
Sum<T> term(T x) {
  return static_cast<Sum<T>>(kit::widen(x));
}
template <class T>
T rounded(Sum<T> x) {
  return kit::narrow<T>(static_cast<kit::Wide<T>>(x));
}

/// A matrix of dense memory: element (i, j) at data[i * row_step + j * column_step].
template <class T>
struct Matrix {
  const T* data;
  int64_t rows, columns;
  int64_t row_step, column_step;
};

constexpr int64_t kProductRows = 8;  // rows of A that share one pass over B

/// Rows [first, first + kProductRows) of a * b; calls store(i, sums of row i, of b.columns entries) for each.
template <class T, class F>
void product_rows(const Context& c, const Matrix<T>& a, const Matrix<T>& b, int64_t first, F&& store) {
  const int64_t rows = std::min(kProductRows, a.rows - first);
  const int64_t n = b.columns;
  std::vector<Sum<T>> sums(static_cast<size_t>(rows * n));
  std::vector<Sum<T>> line(static_cast<size_t>(n));
  for (int64_t k = 0; k < a.columns; ++k) {
    if (k % 16 == 0) c.check();
    for (int64_t j = 0; j < n; ++j) {
      line[static_cast<size_t>(j)] = term(b.data[k * b.row_step + j * b.column_step]);
    }
    for (int64_t r = 0; r < rows; ++r) {
      const Sum<T> factor = term(a.data[(first + r) * a.row_step + k * a.column_step]);
      Sum<T>* sum = sums.data() + r * n;
      for (int64_t j = 0; j < n; ++j) sum[j] += factor * line[static_cast<size_t>(j)];
    }
  }
  for (int64_t r = 0; r < rows; ++r) store(first + r, sums.data() + r * n);
}

inline int64_t product_blocks(int64_t rows) { return (rows + kProductRows - 1) / kProductRows; }

/// The element types of MatMul and Gemm.
inline constexpr auto kProductTypes = kit::kFloats + kit::Types<int32_t, int64_t, uint32_t, uint64_t>{};

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_PRODUCT_HPP_
