// SPDX-License-Identifier: Apache-2.0
#include "kernels/reduce.hpp"

#include <cmath>
#include <limits>
#include <type_traits>

#include "kernels/loops.hpp"
#include "kernels/simd.hpp"

namespace tenon::cpu {
namespace {

using simd::kLanes;
using simd::V;

template <class AxisT>
int64_t offset_of(const std::vector<AxisT>& axes, size_t count, int64_t index) {
  int64_t at = 0;
  for (size_t i = count; i-- > 0;) {
    at += index % axes[i].dim * axes[i].stride;
    index /= axes[i].dim;
  }
  return at;
}

// How one operator starts, joins an element and ends. Float reducers also do it for vectors.
template <ReduceOp Op>
struct FloatReducer {
  static constexpr bool kMaximum = Op == ReduceOp::kMax;
  static constexpr bool kMinimum = Op == ReduceOp::kMin;
  float scale = 1.0f;
  static float start() {
    return kMaximum ? -__builtin_inff() : kMinimum ? __builtin_inff() : Op == ReduceOp::kProd ? 1.0f : 0.0f;
  }
  static V map(V x) {
    if constexpr (Op == ReduceOp::kL1) return simd::abs(x);
    if constexpr (Op == ReduceOp::kL2 || Op == ReduceOp::kSumSquare) return x * x;
    return x;
  }
  static V join(V a, V b) {
    if constexpr (kMaximum) return simd::max_nan(a, b);
    if constexpr (kMinimum) return simd::min_nan(a, b);
    if constexpr (Op == ReduceOp::kProd) return a * b;
    return a + b;
  }
  static float join1(float a, float b) {
    if constexpr (kMaximum) return a > b || a != a ? a : b;
    if constexpr (kMinimum) return a < b || a != a ? a : b;
    if constexpr (Op == ReduceOp::kProd) return a * b;
    return a + b;
  }
  float finish(float x) const {
    if constexpr (Op == ReduceOp::kL2) return std::sqrt(x);
    if constexpr (Op == ReduceOp::kMean) return x * scale;
    return x;
  }
  // Joins n neighbouring elements to `acc`.
  static float run(const float* x, int64_t n, float acc) {
    int64_t i = 0;
    if (n >= kLanes) {
      V lanes = simd::set1(start());
      for (; i + kLanes <= n; i += kLanes) lanes = join(lanes, map(simd::load(x + i)));
      float all[kLanes];
      simd::store(all, lanes);
      for (int width = kLanes / 2; width > 0; width /= 2)
        for (int t = 0; t < width; ++t) all[t] = join1(all[t], all[t + width]);
      acc = join1(acc, all[0]);
    }
    for (; i < n; ++i) {
      float one[kLanes];
      simd::store(one, map(simd::set1(x[i])));
      acc = join1(acc, one[0]);
    }
    return acc;
  }
  // Joins x[i] to acc[i] for i < n.
  static void columns(const float* x, float* acc, int64_t n) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) simd::store(acc + i, join(simd::load(acc + i), map(simd::load(x + i))));
    if (i < n) {
      const int rest = static_cast<int>(n - i);
      simd::store_first(acc + i, join(simd::load_first(acc + i, rest), map(simd::load_first(x + i, rest))), rest);
    }
  }
};

template <class T>
struct IntReducer {
  using U = std::make_unsigned_t<T>;
  ReduceOp op;
  int64_t count;
  T start() const {
    if (op == ReduceOp::kMax) return std::numeric_limits<T>::min();
    if (op == ReduceOp::kMin) return std::numeric_limits<T>::max();
    return op == ReduceOp::kProd ? T{1} : T{0};
  }
  T join1(T a, T b) const {
    if (op == ReduceOp::kMax) return std::max(a, b);
    if (op == ReduceOp::kMin) return std::min(a, b);
    const U u = static_cast<U>(a);
    const U v = static_cast<U>(b);
    if (op == ReduceOp::kSumSquare) return static_cast<T>(u + v * v);
    return static_cast<T>(op == ReduceOp::kProd ? u * v : u + v);
  }
  T finish(T x) const { return op == ReduceOp::kMean && count > 0 ? static_cast<T>(x / static_cast<T>(count)) : x; }
  T run(const T* x, int64_t n, T acc) const {
    for (int64_t i = 0; i < n; ++i) acc = join1(acc, x[i]);
    return acc;
  }
  void columns(const T* x, T* acc, int64_t n) const {
    for (int64_t i = 0; i < n; ++i) acc[i] = join1(acc[i], x[i]);
  }
};

}  // namespace

ReducePlan::ReducePlan(std::span<const int64_t> dims, const std::vector<bool>& reduced) {
  const std::vector<int64_t> strides = dense_strides(dims);
  bool last_kind = false;
  bool any = false;
  for (size_t i = 0; i < dims.size(); ++i) {
    (reduced[i] ? count_ : outputs_) *= dims[i];
    if (dims[i] == 1) continue;
    auto& axes = reduced[i] ? reduced_ : kept_;
    if (any && last_kind == reduced[i]) {
      axes.back().dim *= dims[i];
      axes.back().stride = strides[i];
    } else {
      axes.push_back({dims[i], strides[i]});
    }
    last_kind = reduced[i];
    any = true;
  }
}

template <class T, class R>
void ReducePlan::walk(const T* x, T* y, const Parallel& parallel, R r) const {
  if (outputs_ == 0) return;
  if (count_ == 0) {
    std::fill(y, y + outputs_, r.finish(r.start()));
    return;
  }
  if (!reduced_.empty() && reduced_.back().stride == 1) {  // neighbours go into the same output
    const int64_t run = reduced_.back().dim;
    const int64_t runs = count_ / run;
    parallel.ranges(outputs_, std::max<int64_t>(1, kGrain / count_), [&](int64_t first, int64_t last) {
      for (int64_t o = first; o < last; ++o) {
        const T* from = x + offset_of(kept_, kept_.size(), o);
        T acc = r.start();
        for (int64_t i = 0; i < runs; ++i) acc = r.run(from + offset_of(reduced_, reduced_.size() - 1, i), run, acc);
        y[o] = r.finish(acc);
      }
    });
    return;
  }
  // Neighbours go into neighbouring outputs (or nothing is left to reduce).
  const int64_t width = kept_.empty() ? 1 : kept_.back().dim;
  const size_t outer_axes = kept_.empty() ? 0 : kept_.size() - 1;
  const int64_t piece = std::min<int64_t>(width, std::max<int64_t>(64, kGrain / count_));
  const int64_t pieces = (width + piece - 1) / piece;
  const int64_t total = outputs_ / width * pieces;
  parallel.ranges(total, std::max<int64_t>(1, kGrain / (count_ * piece)), [&](int64_t first, int64_t last) {
    for (int64_t p = first; p < last; ++p) {
      const int64_t begin = p % pieces * piece;
      const int64_t n = std::min(piece, width - begin);
      const T* from = x + offset_of(kept_, outer_axes, p / pieces) + begin;
      T* to = y + p / pieces * width + begin;
      std::fill(to, to + n, r.start());
      for (int64_t i = 0; i < count_; ++i) r.columns(from + offset_of(reduced_, reduced_.size(), i), to, n);
      for (int64_t i = 0; i < n; ++i) to[i] = r.finish(to[i]);
    }
  });
}

void ReducePlan::run(ReduceOp op, const float* x, float* y, const Parallel& parallel) const {
  switch (op) {
    case ReduceOp::kSum:
      return walk(x, y, parallel, FloatReducer<ReduceOp::kSum>{});
    case ReduceOp::kMean:
      return walk(x, y, parallel, FloatReducer<ReduceOp::kMean>{1.0f / static_cast<float>(count_)});
    case ReduceOp::kMax:
      return walk(x, y, parallel, FloatReducer<ReduceOp::kMax>{});
    case ReduceOp::kMin:
      return walk(x, y, parallel, FloatReducer<ReduceOp::kMin>{});
    case ReduceOp::kProd:
      return walk(x, y, parallel, FloatReducer<ReduceOp::kProd>{});
    case ReduceOp::kL1:
      return walk(x, y, parallel, FloatReducer<ReduceOp::kL1>{});
    case ReduceOp::kL2:
      return walk(x, y, parallel, FloatReducer<ReduceOp::kL2>{});
    case ReduceOp::kSumSquare:
      return walk(x, y, parallel, FloatReducer<ReduceOp::kSumSquare>{});
  }
}

template <class T>
void ReducePlan::run(ReduceOp op, const T* x, T* y, const Parallel& parallel) const {
  walk(x, y, parallel, IntReducer<T>{op, count_});
}
template void ReducePlan::run(ReduceOp, const int32_t*, int32_t*, const Parallel&) const;
template void ReducePlan::run(ReduceOp, const int64_t*, int64_t*, const Parallel&) const;

}  // namespace tenon::cpu
