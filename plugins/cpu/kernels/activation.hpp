// SPDX-License-Identifier: Apache-2.0
// Functions of one float: what the unary operators compute and what products apply on their way out.
#ifndef TENON_CPU_KERNELS_ACTIVATION_HPP_
#define TENON_CPU_KERNELS_ACTIVATION_HPP_

#include <cstdint>
#include <string_view>

namespace tenon::cpu {

enum class Function : uint8_t {
  kIdentity,
  kClamp,        // min(b, max(a, x)): Relu is [0, inf], Clip any bounds; NaN passes
  kSigmoid,      // 1.2e-7 absolute
  kTanh,         // 4 ulp
  kExp,          // 2 ulp
  kLog,          // 3 ulp
  kErf,          // 2e-7 absolute
  kGelu,         // exact form; 3e-7 * max(1, |x|)
  kGeluTanh,     // tanh form; 4e-7 * max(1, |x|)
  kHardSigmoid,  // max(0, min(1, a * x + b))
  kHardSwish,    // x * max(0, min(1, x / 6 + 1/2))
  kSwish,        // x * sigmoid(a * x)
  kLeakyRelu,    // x < 0 ? a * x : x
  kElu,          // x < 0 ? a * (e^x - 1) : x; 3e-7 absolute
  kSoftplus,     // log(1 + e^x); 3e-7 * max(1, |x|)
  kSqrt,
  kReciprocal,
  kNeg,
  kAbs,
  kFloor,
  kCeil,
  kSin,  // the C library's
  kCos,  // the C library's
};

struct Activation {
  Function function = Function::kIdentity;
  float a = 0.0f;
  float b = 0.0f;
  bool is_identity() const { return function == Function::kIdentity; }
  bool is_clamp() const { return function == Function::kClamp; }
};

// Lower-case name for reports: "relu", "gelu_tanh".
std::string_view name_of(Function function);

// y[i] = f(x[i]) for i < n; x == y is allowed.
void apply(const Activation& f, const float* x, float* y, int64_t n);

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_ACTIVATION_HPP_
