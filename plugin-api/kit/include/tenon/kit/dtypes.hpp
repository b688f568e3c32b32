// SPDX-License-Identifier: Apache-2.0
// A C++ type for every ONNX element type, sets of types, and the call of a template with the type of a dtype.
#ifndef TENON_KIT_DTYPES_HPP_
#define TENON_KIT_DTYPES_HPP_

#include <tenon/types.h>
#include <tenon/kit/small_float.hpp>
#include <tenon/provider/error.hpp>

#include <complex>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <type_traits>

namespace tenon::kit {

/// One byte that a tensor may hold with any content; anything but 0 is true.
struct Bool {
  uint8_t raw = 0;
  constexpr Bool() = default;
  constexpr Bool(bool b) : raw(b ? 1 : 0) {}            // NOLINT(google-explicit-constructor): it is a bool
  constexpr operator bool() const { return raw != 0; }  // NOLINT(google-explicit-constructor)
};

/// An integer of Width bits, one a byte here; packed in a tensor (elements.hpp packs and unpacks).
template <int Width, bool Signed>
struct SmallInt {
  using Base = std::conditional_t<Signed, int8_t, uint8_t>;
  Base value = 0;
  constexpr SmallInt() = default;
  /// Higher bits are dropped.
  constexpr explicit SmallInt(int64_t x) {
    const auto low = static_cast<uint8_t>(static_cast<uint64_t>(x) & ((1u << Width) - 1));
    constexpr unsigned sign = 1u << (Width - 1);
    value = static_cast<Base>(Signed ? static_cast<int>(low ^ sign) - static_cast<int>(sign) : low);
  }
  constexpr explicit operator int64_t() const { return value; }
};
using Int4 = SmallInt<4, true>;
using UInt4 = SmallInt<4, false>;
using Int2 = SmallInt<2, true>;
using UInt2 = SmallInt<2, false>;
using Complex64 = std::complex<float>;
using Complex128 = std::complex<double>;
/// One string of a tensor of strings; the bytes are the tensor's.
using String = std::string_view;

template <class T>
inline constexpr uint32_t dtype_of = TENON_UNDEFINED;
// clang-format off
template <> inline constexpr uint32_t dtype_of<float> = TENON_FLOAT32;
template <> inline constexpr uint32_t dtype_of<uint8_t> = TENON_UINT8;
template <> inline constexpr uint32_t dtype_of<int8_t> = TENON_INT8;
template <> inline constexpr uint32_t dtype_of<uint16_t> = TENON_UINT16;
template <> inline constexpr uint32_t dtype_of<int16_t> = TENON_INT16;
template <> inline constexpr uint32_t dtype_of<int32_t> = TENON_INT32;
template <> inline constexpr uint32_t dtype_of<int64_t> = TENON_INT64;
template <> inline constexpr uint32_t dtype_of<String> = TENON_STRING;
template <> inline constexpr uint32_t dtype_of<Bool> = TENON_BOOL;
template <> inline constexpr uint32_t dtype_of<Float16> = TENON_FLOAT16;
template <> inline constexpr uint32_t dtype_of<double> = TENON_FLOAT64;
template <> inline constexpr uint32_t dtype_of<uint32_t> = TENON_UINT32;
template <> inline constexpr uint32_t dtype_of<uint64_t> = TENON_UINT64;
template <> inline constexpr uint32_t dtype_of<Complex64> = TENON_COMPLEX64;
template <> inline constexpr uint32_t dtype_of<Complex128> = TENON_COMPLEX128;
template <> inline constexpr uint32_t dtype_of<BFloat16> = TENON_BFLOAT16;
template <> inline constexpr uint32_t dtype_of<Float8E4M3FN> = TENON_FLOAT8E4M3FN;
template <> inline constexpr uint32_t dtype_of<Float8E4M3FNUZ> = TENON_FLOAT8E4M3FNUZ;
template <> inline constexpr uint32_t dtype_of<Float8E5M2> = TENON_FLOAT8E5M2;
template <> inline constexpr uint32_t dtype_of<Float8E5M2FNUZ> = TENON_FLOAT8E5M2FNUZ;
template <> inline constexpr uint32_t dtype_of<UInt4> = TENON_UINT4;
template <> inline constexpr uint32_t dtype_of<Int4> = TENON_INT4;
template <> inline constexpr uint32_t dtype_of<Float4E2M1> = TENON_FLOAT4E2M1;
template <> inline constexpr uint32_t dtype_of<Float8E8M0> = TENON_FLOAT8E8M0;
template <> inline constexpr uint32_t dtype_of<UInt2> = TENON_UINT2;
template <> inline constexpr uint32_t dtype_of<Int2> = TENON_INT2;
template <> inline constexpr uint32_t dtype_of<Float6E2M3> = TENON_FLOAT6E2M3;
template <> inline constexpr uint32_t dtype_of<Float6E3M2> = TENON_FLOAT6E3M2;
// clang-format on

/// Bits of one element in a tensor; 0 for strings and what is no dtype.
constexpr uint32_t dtype_bits(uint32_t dtype) {
  constexpr uint8_t bits[TENON_DTYPE_COUNT] = {0,   32, 8, 8, 16, 16, 32, 64, 0, 8, 16, 64, 32, 64, 64,
                                               128, 16, 8, 8, 8,  8,  4,  4,  4, 8, 2,  2,  6,  6};
  return dtype < TENON_DTYPE_COUNT ? bits[dtype] : 0;
}
constexpr bool is_packed(uint32_t dtype) { return dtype_bits(dtype) != 0 && dtype_bits(dtype) < 8; }

/// A list of C++ types.
template <class... Ts>
struct Types {};
template <class... A, class... B>
constexpr Types<A..., B...> operator+(Types<A...>, Types<B...>) {
  return {};
}

/// A set of dtypes, one bit each.
struct DtypeSet {
  uint64_t bits = 0;
  constexpr DtypeSet() = default;
  constexpr DtypeSet(std::initializer_list<uint32_t> dtypes) {
    for (const uint32_t d : dtypes) bits |= uint64_t{1} << d;
  }
  template <class... Ts>
  constexpr DtypeSet(Types<Ts...>)  // NOLINT(google-explicit-constructor): a list of types is a set of dtypes
      : bits(((uint64_t{1} << dtype_of<Ts>) | ... | 0)) {}
  constexpr bool has(uint32_t dtype) const { return dtype < 64 && (bits >> dtype & 1) != 0; }
  constexpr DtypeSet operator|(DtypeSet other) const {
    other.bits |= bits;
    return other;
  }
};

// Sets as ONNX's schemas use them. kAllBasic: what the schemas call all tensor types (of IR 3) and bfloat16. kAll: of
// IR 13, so without kFloat6.
inline constexpr Types<float, double, Float16, BFloat16> kFloats{};
inline constexpr Types<int8_t, int16_t, int32_t, int64_t> kSignedInts{};
inline constexpr Types<uint8_t, uint16_t, uint32_t, uint64_t> kUnsignedInts{};
inline constexpr auto kInts = kSignedInts + kUnsignedInts;
inline constexpr auto kNumbers = kFloats + kInts;
inline constexpr Types<Complex64, Complex128> kComplex{};
inline constexpr Types<Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ> kFloat8{};
inline constexpr Types<Float6E2M3, Float6E3M2> kFloat6{};
inline constexpr Types<Int4, UInt4, Int2, UInt2> kSmallInts{};
inline constexpr auto kNarrow = kFloat8 + Types<Float8E8M0, Float4E2M1>{} + kSmallInts;
inline constexpr auto kAllBasic = kNumbers + kComplex + Types<Bool, String>{};
inline constexpr auto kAll = kAllBasic + kNarrow;

template <class T>
struct Tag {
  using type = T;
};

/// Calls fn(Tag<T>) with the T of `dtype`, which is in the list; throws TENON_INTERNAL when it is not (that a node's
/// dtypes are in the operator's sets was settled when it was claimed).
template <class... Ts, class F>
void dispatch(Types<Ts...>, uint32_t dtype, F&& fn) {
  const bool found = ((dtype == dtype_of<Ts> ? (fn(Tag<Ts>{}), true) : false) || ...);
  if (!found) plugin::fail(TENON_INTERNAL, "element type ", plugin::dtype_name(dtype), " was not expected here");
}

template <class T>
inline constexpr bool is_small_float = false;
template <class B, FloatSpec const& S>
inline constexpr bool is_small_float<SmallFloat<B, S>> = true;
template <>
inline constexpr bool is_small_float<Float8E8M0> = true;
template <class T>
inline constexpr bool is_small_int = false;
template <int W, bool S>
inline constexpr bool is_small_int<SmallInt<W, S>> = true;
template <class T>
inline constexpr bool is_float = std::is_floating_point_v<T> || is_small_float<T>;
template <class T>
inline constexpr bool is_complex = std::is_same_v<T, Complex64> || std::is_same_v<T, Complex128>;

/// The type to compute in: double for every float type, int64_t or uint64_t for integers and bool.
template <class T>
using Wide = std::conditional_t<
    is_float<T>, double,
    std::conditional_t<std::is_same_v<T, uint8_t> || std::is_same_v<T, uint16_t> || std::is_same_v<T, uint32_t> ||
                           std::is_same_v<T, uint64_t> || std::is_same_v<T, UInt4> || std::is_same_v<T, UInt2> ||
                           std::is_same_v<T, Bool>,
                       uint64_t, int64_t>>;

template <class T>
constexpr Wide<T> widen(T x) {
  if constexpr (is_small_int<T>) {
    return static_cast<Wide<T>>(static_cast<int64_t>(x));
  } else if constexpr (std::is_same_v<T, Bool>) {
    return x ? 1 : 0;
  } else {
    return static_cast<Wide<T>>(x);
  }
}

/// Rounds to nearest even for floats (beyond the range: infinity, or NaN where the type has none); integers drop what
/// does not fit (two's complement).
template <class T>
constexpr T narrow(Wide<T> x) {
  if constexpr (is_small_int<T>) {
    return T(static_cast<int64_t>(x));
  } else if constexpr (std::is_same_v<T, Bool>) {
    return Bool(x != 0);
  } else {
    return static_cast<T>(x);
  }
}

}  // namespace tenon::kit

#endif  // TENON_KIT_DTYPES_HPP_
