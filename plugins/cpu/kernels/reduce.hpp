// SPDX-License-Identifier: Apache-2.0
// Reductions over any set of axes.
#ifndef TENON_CPU_KERNELS_REDUCE_HPP_
#define TENON_CPU_KERNELS_REDUCE_HPP_

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/parallel.hpp"

namespace tenon::cpu {

enum class ReduceOp : uint8_t { kSum, kMean, kMax, kMin, kProd, kL1, kL2, kSumSquare };

// x of `dims`, reduced where `reduced` says so; the kept axes, in order, are y's.
class ReducePlan {
 public:
  ReducePlan(std::span<const int64_t> dims, const std::vector<bool>& reduced);
  int64_t outputs() const { return outputs_; }
  // Elements that go into one output.
  int64_t count() const { return count_; }
  // An empty reduction gives the operator's neutral element (Max: -infinity, Min: infinity, Mean: NaN). Max and Min
  // give NaN when the window holds one. Sums are of vectors of lanes, each lane in order.
  void run(ReduceOp op, const float* x, float* y, const Parallel& parallel) const;
  // Integers: Sum, Max, Min, Prod, Mean (truncated); sums wrap. T: int32_t, int64_t.
  template <class T>
  void run(ReduceOp op, const T* x, T* y, const Parallel& parallel) const;

 private:
  template <class T, class R>
  void walk(const T* x, T* y, const Parallel& parallel, R reducer) const;

  struct Axis {
    int64_t dim, stride;
  };
  std::vector<Axis> kept_, reduced_;  // joined where possible, outermost first
  int64_t outputs_ = 1;
  int64_t count_ = 1;
};

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_REDUCE_HPP_
