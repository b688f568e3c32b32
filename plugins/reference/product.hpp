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

/// What numpy.matmul makes of two operands: [..., m, k] x [..., k, n] with the leading axes broadcast; a 1-D operand is
/// a row or a column, and that axis is missing from Y.
struct ProductShapes {
  int64_t m, k, n;
  Dims batch;             // leading axes of Y
  Dims a_batch, b_batch;  // by how many matrices A and B go on along them
  Dims y;
};

inline ProductShapes product_shapes(DimsView a, DimsView b) {
  require(!a.empty() && !b.empty(), TENON_RUN, "inputs have dims ", a, " and ", b, ", expected rank 1 or more");
  const bool row = a.size() == 1;
  const bool column = b.size() == 1;
  ProductShapes s;
  s.m = row ? 1 : a[a.size() - 2];
  s.k = a.back();
  s.n = column ? 1 : b.back();
  const int64_t b_k = column ? b[0] : b[b.size() - 2];
  require(s.k == b_k, TENON_RUN, "inputs have dims ", a, " and ", b, ", which share no inner dim");
  const DimsView a_lead = row ? DimsView() : a.first(a.size() - 2);
  const DimsView b_lead = column ? DimsView() : b.first(b.size() - 2);
  s.batch = kit::broadcast(a_lead, b_lead);
  s.a_batch = kit::broadcast_strides(a_lead, s.batch);
  s.b_batch = kit::broadcast_strides(b_lead, s.batch);
  s.y = s.batch;
  if (!row) s.y.push_back(s.m);
  if (!column) s.y.push_back(s.n);
  return s;
}

/// Offsets, in matrices, of each batch in A and in B.
inline std::vector<std::array<int64_t, 2>> product_batches(const ProductShapes& s) {
  std::vector<std::array<int64_t, 2>> out;
  const kit::Walk<2> walk(s.batch, {s.a_batch, s.b_batch});
  walk.rows([&](const auto& offset, int64_t n, const auto& step) {
    for (int64_t i = 0; i < n; ++i) out.push_back({offset[0] + i * step[0], offset[1] + i * step[1]});
  });
  return out;
}

/// The product of A and B into sums: store(at, n, sums) for each row of Y, `at` the row's first element in Y and `sums`
/// its n elements. A and B point to dense operands with the dims of `s`, which leave Y some elements.
template <class T, class F>
void product(const Context& c, const ProductShapes& s, const T* a, const T* b, F&& store) {
  const auto batch = product_batches(s);
  const int64_t blocks = product_blocks(s.m);
  c.parallel_for(static_cast<int64_t>(batch.size()) * blocks, [&](int64_t i) {
    const auto& at = batch[static_cast<size_t>(i / blocks)];
    const Matrix<T> ma{a + at[0] * s.m * s.k, s.m, s.k, s.k, 1};
    const Matrix<T> mb{b + at[1] * s.k * s.n, s.k, s.n, s.n, 1};
    product_rows(c, ma, mb, i % blocks * kProductRows,
                 [&](int64_t row, const Sum<T>* sums) { store((i / blocks * s.m + row) * s.n, s.n, sums); });
  });
}

/// The element types of MatMul and Gemm.
inline constexpr auto kProductTypes = kit::kFloats + kit::Types<int32_t, int64_t, uint32_t, uint64_t>{};

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_PRODUCT_HPP_
