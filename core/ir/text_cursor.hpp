// SPDX-License-Identifier: Apache-2.0
// Reads words, numbers and strings of the IR's text form. Internal to core/ir.
#pragma once

#include <cctype>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "core/base/status.hpp"

namespace tenon {

inline bool word_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '/';
}

// A cursor over the text; every reader leaves it behind what it read, or returns an error with the line.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) {
      ++at_;
    }
  }
  bool done() {
    skip_space();
    return at_ == text_.size();
  }
  bool peek(std::string_view token) {
    skip_space();
    return text_.substr(at_).starts_with(token);
  }
  bool take(std::string_view token) {
    if (!peek(token)) {
      return false;
    }
    at_ += token.size();
    return true;
  }
  // A whole word, so that "f" does not match the start of "false".
  bool take_word(std::string_view word) {
    if (!peek(word) || (at_ + word.size() < text_.size() && word_char(text_[at_ + word.size()]))) {
      return false;
    }
    at_ += word.size();
    return true;
  }
  Status expect(std::string_view token) { return take(token) ? Status() : error("'" + std::string(token) + "'"); }
  Status error(const std::string& expected) {
    skip_space();
    size_t line = 1;
    for (size_t i = 0; i < at_; ++i) {
      line += text_[i] == '\n';
    }
    const std::string got(text_.substr(at_, std::min<size_t>(24, text_.size() - at_)));
    return Status(TENON_INVALID_ARGUMENT,
                  "IR text, line " + std::to_string(line) + ": expected " + expected + ", got '" + got + "'");
  }
  Result<std::string> word() {
    skip_space();
    const size_t begin = at_;
    while (at_ < text_.size() && word_char(text_[at_])) {
      ++at_;
    }
    return begin == at_ ? Result<std::string>(error("a word")) : std::string(text_.substr(begin, at_ - begin));
  }
  template <typename T>
  Result<T> number(int base = 10) {
    skip_space();
    T value{};
    const auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value, base);
    if (code != std::errc()) {
      return error("a number");
    }
    at_ = static_cast<size_t>(end - text_.data());
    return value;
  }
  template <typename F, typename Bits>
  Result<F> real() {
    if (take("nan:") || take("inf:") || take("-inf:")) {
      TENON_ASSIGN_OR_RETURN(const Bits bits, number<Bits>(16));
      F value;
      std::memcpy(&value, &bits, sizeof(value));
      return value;
    }
    skip_space();
    F value{};
    const auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (code != std::errc()) {
      return error("a number");
    }
    at_ = static_cast<size_t>(end - text_.data());
    return value;
  }
  Result<std::string> string() {
    TENON_RETURN_IF_ERROR(expect("\""));
    std::string value;
    while (at_ < text_.size() && text_[at_] != '"') {
      char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) {
        c = text_[at_++];
        if (c == 'x') {
          TENON_ASSIGN_OR_RETURN(const uint8_t byte, hex_byte());
          c = static_cast<char>(byte);
        }
      }
      value += c;
    }
    if (at_ == text_.size()) {
      return error("'\"'");
    }
    ++at_;
    return value;
  }
  Result<uint8_t> hex_byte() { return hex_digits<uint8_t>(2); }
  template <typename T>
  Result<T> hex_digits(size_t count) {
    T value{};
    const char* begin = text_.data() + at_;
    if (text_.size() - at_ < count || std::from_chars(begin, begin + count, value, 16).ptr != begin + count) {
      return error(std::to_string(count) + " hexadecimal digits");
    }
    at_ += count;
    return value;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace tenon
