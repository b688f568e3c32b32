// SPDX-License-Identifier: Apache-2.0
// What every provider computes to the same bits.
#include "core/opt/folding.hpp"

namespace tenon {

Status pass_constant_folding(PassContext& context) {
  fold_constants(context, true);
  return {};
}

}  // namespace tenon
