// SPDX-License-Identifier: Apache-2.0
// ai.onnx Mod, form 10: what is left of A divided by B, broadcast: with B's sign, or with A's when `fmod`.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

double remainder(double a, double b, bool like_a) {
  const double rest = std::fmod(a, b);
  if (like_a || rest != rest) return rest;
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

int64_t remainder(int64_t a, int64_t b, bool like_a) {
  require(b != 0, TENON_RUN, "an integer is divided by 0");
  if (b == -1) return 0;  // the least integer has no quotient
  const int64_t rest = a % b;
  return !like_a && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

uint64_t remainder(uint64_t a, uint64_t b, bool) {
  require(b != 0, TENON_RUN, "an integer is divided by 0");
  return a % b;
}

void run(Context& c) {
  const bool like_a = c.attributes().flag("fmod");
  binary(c, kit::kNumbers, [&]<class W>(W a, W b) { return remainder(a, b, like_a); });
}

}  // namespace

TENON_OPERATOR(mod){
    .name = "Mod",
    .form = 10,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
