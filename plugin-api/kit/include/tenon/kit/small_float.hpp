// SPDX-License-Identifier: Apache-2.0
// The floating-point types narrower than 32 bits that ONNX knows, converted exactly to double and rounded to nearest
// even from it. Every value of them, and of float, is exact in double, so one rounding is all that a conversion does.
// Sources: IEEE 754 (float16), the OCP 8-bit and Microscaling formats, and ONNX's "Float stored in 8 bits" page.
#ifndef TENON_KIT_SMALL_FLOAT_HPP_
#define TENON_KIT_SMALL_FLOAT_HPP_

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace tenon::kit {

/// What the largest codes of a format mean.
enum class Specials {
  kIeee,  // exponent of all ones: infinities and NaN
  kFn,    // only all ones is NaN, no infinity
  kFnuz,  // only the code of -0 is NaN, no infinity, no -0
  kNone,  // every code is a finite number
};

struct FloatSpec {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  Specials specials;

  constexpr int bits() const { return 1 + exponent_bits + mantissa_bits; }
  constexpr uint32_t sign_bit() const { return 1u << (bits() - 1); }
  constexpr uint32_t magnitude_mask() const { return sign_bit() - 1; }
  constexpr uint32_t infinity() const { return ((1u << exponent_bits) - 1) << mantissa_bits; }
  constexpr uint32_t max_finite() const {
    switch (specials) {
      case Specials::kIeee:
        return infinity() - 1;
      case Specials::kFn:
        return magnitude_mask() - 1;
      default:
        return magnitude_mask();
    }
  }
  constexpr uint32_t nan(uint32_t sign) const {
    switch (specials) {
      case Specials::kIeee:
        return sign | infinity() | (1u << (mantissa_bits - 1));
      case Specials::kFn:
        return sign | magnitude_mask();
      case Specials::kFnuz:
        return sign_bit();
      default:
        return sign_bit();  // no NaN to give: -0, as the common libraries do
    }
  }
};

/// The value of a code.
constexpr double decode(const FloatSpec& spec, uint32_t code) {
  const uint32_t magnitude = code & spec.magnitude_mask();
  const bool negative = (code & spec.sign_bit()) != 0;
  if (spec.specials == Specials::kFnuz && code == spec.sign_bit()) return std::numeric_limits<double>::quiet_NaN();
  if (spec.specials != Specials::kNone && magnitude > spec.max_finite()) {
    if (spec.specials == Specials::kIeee && magnitude == spec.infinity()) {
      return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    }
    return std::numeric_limits<double>::quiet_NaN();
  }
  const uint64_t sign = negative ? uint64_t{1} << 63 : 0;
  const uint64_t exponent = magnitude >> spec.mantissa_bits;
  const uint64_t mantissa = magnitude & ((1u << spec.mantissa_bits) - 1);
  if (exponent == 0) {
    const auto step = static_cast<uint64_t>(1023 + 1 - spec.bias - spec.mantissa_bits) << 52;
    const double value = static_cast<double>(mantissa) * std::bit_cast<double>(step);
    return negative ? -value : value;
  }
  const uint64_t wide = exponent + 1023 - static_cast<uint64_t>(spec.bias);
  return std::bit_cast<double>(sign | wide << 52 | mantissa << (52 - spec.mantissa_bits));
}

/// The nearest code, ties to even. Beyond the largest finite number: that number when `saturate`, else infinity where
/// the format has one and NaN where not; a format without specials always saturates.
constexpr uint32_t encode(const FloatSpec& spec, double x, bool saturate) {
  const auto wide = std::bit_cast<uint64_t>(x);
  const uint32_t sign = wide >> 63 != 0 ? spec.sign_bit() : 0;
  const int exponent_field = static_cast<int>(wide >> 52 & 0x7FF);
  const uint64_t fraction = wide & ((uint64_t{1} << 52) - 1);
  if (exponent_field == 0x7FF && fraction != 0) return spec.nan(sign);
  uint64_t code = 0;
  if (exponent_field == 0x7FF) {
    code = uint64_t{spec.max_finite()} + 1;
  } else if (exponent_field != 0) {  // a subnormal double rounds to 0 in every format here
    const int exponent = exponent_field - 1023;
    const int lowest = 1 - spec.bias;
    const int used = exponent > lowest ? exponent : lowest;
    const int shift = 52 - spec.mantissa_bits + (used - exponent);
    const uint64_t mantissa = fraction | uint64_t{1} << 52;
    if (shift < 54) {
      const uint64_t half = uint64_t{1} << (shift - 1);
      const uint64_t rest = mantissa & ((uint64_t{1} << shift) - 1);
      uint64_t rounded = mantissa >> shift;
      if (rest > half || (rest == half && (rounded & 1) != 0)) ++rounded;
      // The implicit bit, and a carry out of the mantissa, land in the exponent field.
      code = (static_cast<uint64_t>(used - lowest) << spec.mantissa_bits) + rounded;
    }
  }
  if (code > spec.max_finite()) {
    if (saturate || spec.specials == Specials::kNone) {
      code = spec.max_finite();
    } else {
      return spec.specials == Specials::kIeee ? (sign | spec.infinity()) : spec.nan(sign);
    }
  }
  if (code == 0 && spec.specials == Specials::kFnuz) return 0;
  return sign | static_cast<uint32_t>(code);
}

/// A number of format `Spec` held in a Bits. Arithmetic is done in double; assignment rounds to nearest even.
template <class Bits, FloatSpec const& Spec>
struct SmallFloat {
  Bits bits = 0;

  constexpr SmallFloat() = default;
  constexpr explicit SmallFloat(double x, bool saturate = false) : bits(static_cast<Bits>(encode(Spec, x, saturate))) {}
  constexpr explicit operator double() const { return decode(Spec, bits); }
  constexpr explicit operator float() const { return static_cast<float>(decode(Spec, bits)); }
  static constexpr SmallFloat from_bits(Bits b) {
    SmallFloat out;
    out.bits = b;
    return out;
  }
  static constexpr const FloatSpec& spec() { return Spec; }
};

inline constexpr FloatSpec kFloat16Spec{5, 10, 15, Specials::kIeee};
inline constexpr FloatSpec kBFloat16Spec{8, 7, 127, Specials::kIeee};
inline constexpr FloatSpec kFloat8E4M3FNSpec{4, 3, 7, Specials::kFn};
inline constexpr FloatSpec kFloat8E4M3FNUZSpec{4, 3, 8, Specials::kFnuz};
inline constexpr FloatSpec kFloat8E5M2Spec{5, 2, 15, Specials::kIeee};
inline constexpr FloatSpec kFloat8E5M2FNUZSpec{5, 2, 16, Specials::kFnuz};
inline constexpr FloatSpec kFloat6E2M3Spec{2, 3, 1, Specials::kNone};
inline constexpr FloatSpec kFloat6E3M2Spec{3, 2, 3, Specials::kNone};
inline constexpr FloatSpec kFloat4E2M1Spec{2, 1, 1, Specials::kNone};

using Float16 = SmallFloat<uint16_t, kFloat16Spec>;
using BFloat16 = SmallFloat<uint16_t, kBFloat16Spec>;
using Float8E4M3FN = SmallFloat<uint8_t, kFloat8E4M3FNSpec>;
using Float8E4M3FNUZ = SmallFloat<uint8_t, kFloat8E4M3FNUZSpec>;
using Float8E5M2 = SmallFloat<uint8_t, kFloat8E5M2Spec>;
using Float8E5M2FNUZ = SmallFloat<uint8_t, kFloat8E5M2FNUZSpec>;
/// One number a byte here; packed in a tensor (elements.hpp packs and unpacks).
using Float6E2M3 = SmallFloat<uint8_t, kFloat6E2M3Spec>;
using Float6E3M2 = SmallFloat<uint8_t, kFloat6E3M2Spec>;
using Float4E2M1 = SmallFloat<uint8_t, kFloat4E2M1Spec>;

/// A power of two, 2^(bits - 127), without sign or zero; 255 is NaN.
struct Float8E8M0 {
  enum class Round { kUp, kDown, kNearest };
  uint8_t bits = 0;

  Float8E8M0() = default;
  /// Magnitudes below the smallest power, 0 too, become it, above the largest that one, when `saturate`; else NaN. The
  /// sign is dropped. Nearest: by value, ties to the larger power (as the mantissa's leading bit decides).
  explicit Float8E8M0(double x, bool saturate = true, Round round = Round::kUp) {
    const double a = std::fabs(x);
    if (std::isnan(x)) {
      bits = 0xFF;
    } else if (a < 0x1p-127) {
      bits = saturate ? 0 : 0xFF;
    } else if (std::isinf(x)) {
      bits = saturate ? 0xFE : 0xFF;
    } else {
      int exponent = 0;
      const double fraction = std::frexp(a, &exponent) * 2;  // a = fraction * 2^(exponent - 1), fraction in [1, 2)
      int code = exponent - 1 + 127;
      if (round == Round::kUp && fraction > 1) ++code;
      if (round == Round::kNearest && fraction >= 1.5) ++code;
      bits = static_cast<uint8_t>(code <= 0xFE ? code : (saturate ? 0xFE : 0xFF));
    }
  }
  explicit operator double() const {
    return bits == 0xFF ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, bits - 127);
  }
  explicit operator float() const { return static_cast<float>(static_cast<double>(*this)); }
};

}  // namespace tenon::kit

#endif  // TENON_KIT_SMALL_FLOAT_HPP_
