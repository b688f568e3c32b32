// SPDX-License-Identifier: Apache-2.0
// ai.onnx Abs, form 6: Y = |X|; the least integer stays itself.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  unary(c, kit::kNumbers, []<class W>(W x) {
    if constexpr (std::is_floating_point_v<W>) {
      return std::fabs(x);
    } else {
      return x < W{0} ? subtract(W{0}, x) : x;
    }
  });
}

}  // namespace

TENON_OPERATOR(abs){
    .name = "Abs",
    .form = 6,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
