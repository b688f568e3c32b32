// SPDX-License-Identifier: Apache-2.0
// Numbers from strings and as strings, for Cast. No locale has a say.
#ifndef TENON_REFERENCE_NUMBER_TEXT_HPP_
#define TENON_REFERENCE_NUMBER_TEXT_HPP_

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "operator.hpp"

namespace tenon::reference {

/// Without spaces around it and without a plus sign in front.
inline std::string_view bare(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(spaces) - first + 1);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

/// Reads all of `text` as a From; none when it is none. Sets `beyond` when it is a number out of From's range.
template <class From>
std::optional<From> whole(std::string_view text, bool* beyond = nullptr) {
  From value{};
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end.ptr != text.data() + text.size()) return std::nullopt;
  if (beyond != nullptr) *beyond = end.ec == std::errc::result_out_of_range;
  return end.ec == std::errc() ? std::optional<From>(value) : std::nullopt;
}

/// A number in decimal or scientific notation, "INF" or "NaN" in any case; fails with TENON_RUN for everything else.
/// Beyond the range of double: infinity, or 0.
inline double parsed(std::string_view text) {
  bool beyond = false;
  const std::string_view number = bare(text);
  if (const auto value = whole<double>(number, &beyond)) return *value;
  if (beyond) {
    if (const auto value = whole<long double>(number)) return static_cast<double>(*value);
  }
  fail(TENON_RUN, "the string '", text.substr(0, 40), "' is no number", beyond ? " that a double can be near to" : "");
}

/// The two's complement of an integer in decimal; none for any other text, and beyond 64 bits.
inline std::optional<uint64_t> parsed_integer(std::string_view text) {
  const std::string_view number = bare(text);
  if (const auto value = whole<int64_t>(number)) return static_cast<uint64_t>(*value);
  return whole<uint64_t>(number);
}

/// "True" and "False" in any case, and numbers that are not 0.
inline bool parsed_bool(std::string_view text) {
  std::string lower(bare(text).substr(0, 6));
  for (char& ch : lower) ch = ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch - 'A' + 'a') : ch;
  if (lower == "true" || lower == "false") return lower == "true";
  return parsed(text) != 0;
}

/// `scientific` ("-d.ddde-xx") as a plain number with a point when its exponent is from -4 to 15, else as it is.
inline std::string laid_out(std::string_view scientific) {
  const size_t e = scientific.find('e');
  int exponent = 0;
  const std::string_view power = scientific.substr(e + 1);
  std::from_chars(power.data() + (power[0] == '+' ? 1 : 0), power.data() + power.size(), exponent);
  if (exponent < -4 || exponent > 15) return std::string(scientific);
  std::string sign;
  std::string digits;
  for (const char ch : scientific.substr(0, e)) {
    if (ch == '-') sign = "-";
    if (ch >= '0' && ch <= '9') digits += ch;
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto before = static_cast<size_t>(exponent + 1);
  if (digits.size() <= before) return sign + digits + std::string(before - digits.size(), '0') + ".0";
  return sign + digits.substr(0, before) + "." + digits.substr(before);
}

/// The fewest digits that give the same number of type T again; "nan", "inf", "-inf".
template <class T>
std::string number_text(T x) {
  const double value = kit::widen(x);
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char text[64];
  char* end = text;
  if constexpr (std::is_floating_point_v<T>) {
    end = std::to_chars(text, text + sizeof(text), x, std::chars_format::scientific).ptr;
  } else {
    for (int digits = 0; digits < 17; ++digits) {
      end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific, digits).ptr;
      double again = 0;
      std::from_chars(text, end, again);
      if (kit::widen(T(again)) == value) break;
    }
  }
  return laid_out({text, static_cast<size_t>(end - text)});
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_NUMBER_TEXT_HPP_
