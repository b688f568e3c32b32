// SPDX-License-Identifier: Apache-2.0
// The residual of a fused region whose dims turn out to differ from the product's: a region is claimed when they may be
// equal, and shapes that a run brings can still broadcast.
#ifndef TENON_CPU_OPS_LATE_ADD_HPP_
#define TENON_CPU_OPS_LATE_ADD_HPP_

#include "kernel.hpp"
#include "kernels/loops.hpp"

namespace tenon::cpu {

struct LateAdd {
  bool active = false;  // false: the dims are equal, and the product's kernel adds
  LoopNest<3> nest;     // product, residual, output
  int64_t product_floats = 0;
  int64_t outputs = 0;
};

// y: dims of the product; becomes those of the output.
LateAdd plan_late_add(DimsView residual, Dims& y, std::string_view who);
// y = activation(product + residual).
void late_add(const LateAdd& late, const float* product, const float* residual, const Activation& activation, float* y,
              const Parallel& parallel);

}  // namespace tenon::cpu

#endif  // TENON_CPU_OPS_LATE_ADD_HPP_
