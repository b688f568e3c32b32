// SPDX-License-Identifier: Apache-2.0
// Every family of ops.def, one a file of this folder.
#ifndef TENON_CPU_OPS_FAMILIES_HPP_
#define TENON_CPU_OPS_FAMILIES_HPP_

#include "kernel.hpp"

namespace tenon::cpu {

extern const Family binary_family, cast_family, conv_family, conv_transpose_family, flags_family, gather_family,
    gru_family, join_family, lstm_family, matmul_family, norm_family, pad_family, pool_family, reduce_family,
    resize_family, shape_family, strided_family, unary_family, variadic_family, view_family, where_family;

template <class K>
std::unique_ptr<Kernel> make_kernel(const Build& build) {
  return std::make_unique<K>(build);
}

}  // namespace tenon::cpu

#endif  // TENON_CPU_OPS_FAMILIES_HPP_
