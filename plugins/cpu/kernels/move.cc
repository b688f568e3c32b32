// SPDX-License-Identifier: Apache-2.0
#include "kernels/move.hpp"

#include <cstring>

namespace tenon::cpu {
namespace {

struct Bytes16 {
  uint64_t low, high;
};

constexpr int64_t kTile = 16;  // side of the square that a transposing copy works on

// to[r * to_row + c] = from[r + c * from_col]: rows of `to` are columns of `from`.
template <class T>
void transpose_tile(const T* from, int64_t from_col, T* to, int64_t to_row, int64_t rows, int64_t cols) {
  if (rows == kTile && cols == kTile) {
    T local[kTile][kTile];
    for (int64_t c = 0; c < kTile; ++c) std::memcpy(local[c], from + c * from_col, sizeof(local[c]));
    for (int64_t r = 0; r < kTile; ++r)
      for (int64_t c = 0; c < kTile; ++c) to[r * to_row + c] = local[c][r];
    return;
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c) to[r * to_row + c] = from[r + c * from_col];
}

template <class T>
void copy_rows(const LoopNest<2>& nest, const T* from, T* to, const Parallel& parallel) {
  const int64_t s = nest.inner_stride(0);
  const int64_t d = nest.inner_stride(1);
  nest.for_stretches(kGrain, parallel, [&](const std::array<int64_t, 2>& at, int64_t n) {
    const T* a = from + at[0];
    T* b = to + at[1];
    if (s == 1 && d == 1) {
      std::memcpy(b, a, static_cast<size_t>(n) * sizeof(T));
    } else if (s == 0 && d == 1) {
      std::fill(b, b + n, *a);
    } else {
      for (int64_t i = 0; i < n; ++i) b[i * d] = a[i * s];
    }
  });
}

// The axis along which `from` is contiguous, when that is not the one along which `to` is; -1 otherwise.
int transposing_axis(const LoopNest<2>& nest) {
  if (nest.inner_stride(1) != 1 || nest.inner_stride(0) == 1 || nest.inner_stride(0) == 0 || nest.inner() < 4)
    return -1;
  for (int i = 0; i + 1 < nest.rank(); ++i)
    if (nest.strides[0][static_cast<size_t>(i)] == 1 && nest.dims[static_cast<size_t>(i)] >= 4) return i;
  return -1;
}

template <class T>
void copy_transposing(const CopyPlan& plan, const T* from, T* to, const Parallel& parallel) {
  const LoopNest<2>& nest = plan.nest;
  const LoopNest<2>& outer = plan.matrices;
  const auto a = static_cast<size_t>(plan.transposing_axis);
  const int64_t rows = nest.dims[a];
  const int64_t cols = nest.inner();
  const int64_t to_row = nest.strides[1][a];
  const int64_t from_col = nest.inner_stride(0);
  const int64_t strips = (rows + kTile - 1) / kTile;
  const int64_t step = std::max<int64_t>(1, kGrain / (kTile * cols));
  parallel.ranges(outer.rows() * strips, step, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const auto at = outer.offsets(i / strips);
      const int64_t r = i % strips * kTile;
      for (int64_t c = 0; c < cols; c += kTile)
        transpose_tile(from + at[0] + r + c * from_col, from_col, to + at[1] + r * to_row + c, to_row,
                       std::min(kTile, rows - r), std::min(kTile, cols - c));
    }
  });
}

template <class T>
void copy_of(const CopyPlan& plan, const void* from, void* to, const Parallel& parallel) {
  for (const int64_t d : plan.nest.dims)
    if (d == 0) return;
  if (plan.transposing_axis >= 0) {
    copy_transposing(plan, static_cast<const T*>(from), static_cast<T*>(to), parallel);
  } else {
    copy_rows(plan.nest, static_cast<const T*>(from), static_cast<T*>(to), parallel);
  }
}

template <class F>
void with_type(int64_t size, F&& f) {
  switch (size) {
    case 1:
      return f(uint8_t{});
    case 2:
      return f(uint16_t{});
    case 4:
      return f(uint32_t{});
    case 8:
      return f(uint64_t{});
    default:
      return f(Bytes16{});
  }
}

}  // namespace

CopyPlan copy_plan(std::span<const int64_t> dims, std::span<const int64_t> from_strides,
                   std::span<const int64_t> to_strides) {
  CopyPlan out;
  for (size_t i = 0; i < dims.size(); ++i) out.nest.push(dims[i], {from_strides[i], to_strides[i]});
  out.nest.finish();
  out.transposing_axis = transposing_axis(out.nest);
  if (out.transposing_axis < 0) return out;
  for (size_t i = 0; i + 1 < out.nest.dims.size(); ++i) {
    if (i == static_cast<size_t>(out.transposing_axis)) continue;
    out.matrices.dims.push_back(out.nest.dims[i]);
    for (size_t o = 0; o < 2; ++o) out.matrices.strides[o].push_back(out.nest.strides[o][i]);
  }
  out.matrices.dims.push_back(1);
  for (auto& s : out.matrices.strides) s.push_back(1);
  return out;
}

void copy_strided(int64_t size, const CopyPlan& plan, const void* from, void* to, const Parallel& parallel) {
  with_type(size, [&](auto one) { copy_of<decltype(one)>(plan, from, to, parallel); });
}

void fill(int64_t size, const void* value, void* to, int64_t n, const Parallel& parallel) {
  with_type(size, [&](auto one) {
    using T = decltype(one);
    std::memcpy(&one, value, sizeof(T));
    T* out = static_cast<T*>(to);
    parallel.ranges(n, 4 * kGrain, [&](int64_t first, int64_t last) { std::fill(out + first, out + last, one); });
  });
}

}  // namespace tenon::cpu
