// SPDX-License-Identifier: Apache-2.0
// ai.onnx MatMul, form 1: Y = A B as numpy.matmul: [..., M, K] x [..., K, N] -> [..., M, N] with the leading axes
// broadcast; a 1-D A is one row, a 1-D B one column, and that axis is missing from Y.
#include "product.hpp"

namespace tenon::reference {
namespace {

struct Shapes {
  int64_t m, k, n;
  Dims batch;             // leading axes of Y
  Dims a_batch, b_batch;  // by how many matrices A and B go on along them
  Dims y;
};

Shapes shapes(DimsView a, DimsView b) {
  require(!a.empty() && !b.empty(), TENON_RUN, "inputs have dims ", a, " and ", b, ", expected rank 1 or more");
  const bool row = a.size() == 1;
  const bool column = b.size() == 1;
  Shapes s;
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

// Offsets, in matrices, of each batch in A and in B.
std::vector<std::array<int64_t, 2>> batches(const Shapes& s) {
  std::vector<std::array<int64_t, 2>> out;
  const kit::Walk<2> walk(s.batch, {s.a_batch, s.b_batch});
  walk.rows([&](const auto& offset, int64_t n, const auto& step) {
    for (int64_t i = 0; i < n; ++i) out.push_back({offset[0] + i * step[0], offset[1] + i * step[1]});
  });
  return out;
}

void run(Context& c) {
  const Input& a = c.input(0);
  const Input& b = c.input(1);
  const Shapes s = shapes(a.dims(), b.dims());
  Output& y = c.output(0, s.y);
  if (y.count() == 0) return;
  const auto batch = batches(s);
  const int64_t blocks = product_blocks(s.m);
  kit::dispatch(kProductTypes, a.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(static_cast<int64_t>(batch.size()) * blocks, [&](int64_t i) {
      const auto& at = batch[static_cast<size_t>(i / blocks)];
      const Matrix<T> ma{a.data<T>() + at[0] * s.m * s.k, s.m, s.k, s.k, 1};
      const Matrix<T> mb{b.data<T>() + at[1] * s.k * s.n, s.k, s.n, s.n, 1};
      T* out = y.data<T>() + i / blocks * s.m * s.n;
      product_rows(c, ma, mb, i % blocks * kProductRows, [&](int64_t row, const Sum<T>* sums) {
        for (int64_t j = 0; j < s.n; ++j) out[row * s.n + j] = rounded<T>(sums[j]);
      });
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
