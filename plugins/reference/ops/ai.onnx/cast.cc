// SPDX-License-Identifier: Apache-2.0
// ai.onnx Cast, form 6: each element as the nearest of the output's type.
//   To floats: rounded once; attribute `saturate` bounds the 8-bit ones, `round_mode` is for float8e8m0.
//   To integers: floats toward zero, then the low bits; NaN and what is out of reach as `truncated` says.
//   To bool: whether it is not 0. To strings: `number_text`. From strings: `parsed`.
#include <bit>
#include <cmath>
#include <variant>

#include "cast.hpp"
#include "number_text.hpp"
#include "operator.hpp"

namespace tenon::reference {
namespace {

using Round = kit::Float8E8M0::Round;

constexpr auto kIntegers = kit::kInts + kit::kSmallInts;
constexpr auto kTypes = kit::kNumbers + kit::kNarrow + kit::kFloat6 + kit::Types<kit::Bool, kit::String>{};
constexpr int64_t kPiece = 4096;  // elements between two looks at the deadline

/// Elements on their way: every type becomes one of these without loss, and is made from each of these.
using Wides = std::variant<std::vector<double>, std::vector<int64_t>, std::vector<uint64_t>, std::vector<kit::String>>;

struct Rules {
  bool saturate = true;
  Round round = Round::kUp;
};

std::optional<Round> round_of(std::string_view name) {
  if (name == "up") return Round::kUp;
  if (name == "down") return Round::kDown;
  if (name == "nearest") return Round::kNearest;
  return std::nullopt;
}

std::string refuse(const plugin::Node& node) {
  const std::string_view round = node.attr_string("round_mode", "up");
  if (!round_of(round)) return plugin::cat("attribute 'round_mode' is '", round, "', expected up, down or nearest");
  const int64_t to = node.attr_int("to", TENON_UNDEFINED);
  const plugin::Value output = node.output(0);
  if (!output || to == output.dtype()) return {};
  return plugin::cat("attribute 'to' is ", to, ", but the output ", plugin::dtype_name(output.dtype()));
}

// Toward zero. Out of the range of int32 (for types of at most 32 bits, but uint32) or int64: its lowest, as the common
// processors give.
template <class T>
int64_t truncated(double x) {
  const double limit = sizeof(T) < 4 || std::is_same_v<T, int32_t> ? 0x1p31 : 0x1p63;
  if (std::is_same_v<T, uint64_t> && x >= 0x1p63 && x < 0x1p64) return static_cast<int64_t>(static_cast<uint64_t>(x));
  const double whole = std::trunc(x);
  return static_cast<int64_t>(whole >= -limit && whole < limit ? whole : -limit);
}

// A double that rounds to fewer than 52 bits as the integer does: bits that don't fit are gathered in the lowest.
double sticky(uint64_t magnitude, bool negative) {
  const int extra = std::bit_width(magnitude) - 53;
  double out = 0;
  if (extra <= 0) {
    out = static_cast<double>(magnitude);
  } else {
    const bool rest = (magnitude & ((uint64_t{1} << extra) - 1)) != 0;
    out = std::ldexp(static_cast<double>(magnitude >> extra | (rest ? 1 : 0)), extra);
  }
  return negative ? -out : out;
}
double sticky(uint64_t x) { return sticky(x, false); }
double sticky(int64_t x) { return sticky(x < 0 ? 0 - static_cast<uint64_t>(x) : static_cast<uint64_t>(x), x < 0); }
double sticky(double x) { return x; }

template <class T>
T rounded(double x, const Rules& rules) {
  if constexpr (std::is_same_v<T, kit::Float8E8M0>) {
    return T(x, rules.saturate, rules.round);
  } else if constexpr (kit::is_small_float<T>) {
    return T(x, rules.saturate && sizeof(T) == 1);
  } else {
    return static_cast<T>(x);
  }
}

template <class T, class W>
T converted(W x, const Rules& rules) {
  if constexpr (std::is_same_v<W, kit::String>) {
    if constexpr (kit::is_float<T>) return rounded<T>(parsed(x), rules);
    if constexpr (std::is_same_v<T, kit::Bool>) return kit::Bool(parsed_bool(x));
    if (const auto whole = parsed_integer(x)) return kit::narrow<T>(static_cast<kit::Wide<T>>(*whole));
    return converted<T>(parsed(x), rules);
  } else if constexpr (std::is_same_v<T, kit::Bool>) {
    return kit::Bool(x != 0);
  } else if constexpr (std::is_same_v<T, double>) {
    return static_cast<double>(x);
  } else if constexpr (kit::is_float<T>) {
    return rounded<T>(sticky(x), rules);
  } else if constexpr (std::is_same_v<W, double>) {
    return kit::narrow<T>(static_cast<kit::Wide<T>>(truncated<T>(x)));
  } else {
    return kit::narrow<T>(static_cast<kit::Wide<T>>(x));
  }
}

template <class T>
Wides load(const T* from, int64_t n) {
  if constexpr (std::is_same_v<T, kit::String>) {
    return std::vector<kit::String>(from, from + n);
  } else {
    std::vector<kit::Wide<T>> out(static_cast<size_t>(n));
    std::transform(from, from + n, out.begin(), [](T x) { return kit::widen(x); });
    return out;
  }
}

template <class T>
std::string text_of(T x) {
  if constexpr (std::is_same_v<T, kit::String>) {
    return std::string(x);
  } else if constexpr (std::is_same_v<T, kit::Bool>) {
    return x ? "True" : "False";
  } else if constexpr (kit::is_float<T>) {
    return number_text(x);
  } else {
    return std::to_string(kit::widen(x));
  }
}

void to_strings(Context& c, const Input& x, Output& y) {
  kit::dispatch(kTypes, x.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % kPiece == 0) c.check();
      y.data<kit::String>()[i] = y.hold(text_of(x.data<T>()[i]));
    }
  });
}

void to_numbers(Context& c, const Input& x, Output& y, const Rules& rules) {
  constexpr auto kTargets = kit::kFloats + kit::kFloat8 + kit::kFloat6 + kIntegers +
                            kit::Types<kit::Float8E8M0, kit::Float4E2M1, kit::Bool>{};
  for (int64_t begin = 0; begin < x.count(); begin += kPiece) {
    c.check();
    const int64_t n = std::min(kPiece, x.count() - begin);
    Wides wides;
    kit::dispatch(kTypes, x.dtype(), [&]<class T>(Tag<T>) { wides = load(x.data<T>() + begin, n); });
    kit::dispatch(kTargets, y.dtype(), [&]<class T>(Tag<T>) {
      std::visit(
          [&](const auto& from) {
            T* to = y.data<T>() + begin;
            for (const auto& element : from) *to++ = converted<T>(element, rules);
          },
          wides);
    });
  }
}

void run(Context& c) { cast(c, c.output(0, c.input(0).dims())); }

}  // namespace

void cast(Context& c, Output& y) {
  const Input& x = c.input(0);
  const Rules rules{c.attributes().flag("saturate", true),
                    round_of(c.attributes().string("round_mode", "up")).value_or(Round::kUp)};
  if (x.dtype() == y.dtype()) {
    kit::copy(x.element_bytes(), Dims{x.count()}, y.raw(), {1}, x.raw(), {1});
  } else if (y.dtype() == TENON_STRING) {
    to_strings(c, x, y);
  } else {
    to_numbers(c, x, y, rules);
  }
}

TENON_OPERATOR(cast){
    .name = "Cast",
    .form = 6,
    .types = {{"T1", kTypes}, {"T2", kTypes}},
    .inputs = {"T1"},
    .outputs = {"T2"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
