// SPDX-License-Identifier: Apache-2.0
#include "ops/late_add.hpp"

#include <algorithm>

#include "kernels/binary.hpp"

namespace tenon::cpu {

LateAdd plan_late_add(DimsView residual, Dims& y, std::string_view who) {
  LateAdd out;
  if (std::ranges::equal(residual, y)) return out;
  const Dims product = y;
  y = broadcast_dims(product, residual, who);
  out.active = true;
  out.nest = broadcast_loops<3>({product, residual}, y);
  out.product_floats = (count_of(product) + 15) / 16 * 16;
  out.outputs = count_of(y);
  return out;
}

void late_add(const LateAdd& late, const float* product, const float* residual, const Activation& activation, float* y,
              const Parallel& parallel) {
  binary(BinaryOp::kAdd, late.nest, product, residual, y, parallel);
  if (activation.is_identity()) return;
  parallel.ranges(late.outputs, kGrain,
                  [&](int64_t first, int64_t last) { apply(activation, y + first, y + first, last - first); });
}

}  // namespace tenon::cpu
