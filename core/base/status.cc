// SPDX-License-Identifier: Apache-2.0
#include "core/base/status.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace tenon {
namespace {

// Largest n <= limit at which `text` can be cut without splitting a UTF-8 sequence.
size_t utf8_cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) {
    return text.size();
  }
  size_t n = limit;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) {
    --n;
  }
  return n;
}

// A text out of a model must neither end a message nor drive a terminal: such characters are shown as \x1b.
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
}

// Writes what fits of `text` and a zero; returns the length without it. Allocates nothing: the error may be of memory.
size_t write_visible(std::string_view text, char* out, size_t room) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  size_t fits = 0, need = 0;
  for (; fits < text.size(); ++fits) {
    need += is_control(text[fits]) ? 4 : 1;
    if (need >= room) {
      break;
    }
  }
  size_t n = 0;
  for (const char c : text.substr(0, utf8_cut(text, fits))) {
    if (is_control(c)) {
      const auto byte = static_cast<unsigned char>(c);
      for (const char shown : {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]}) {
        out[n++] = shown;
      }
    } else {
      out[n++] = c;
    }
  }
  out[n] = '\0';
  return n;
}

}  // namespace

const std::string& Status::message() const {
  static const std::string empty;
  return rep_ ? rep_->message : empty;
}

const ErrorFields& Status::fields() const {
  static const ErrorFields empty;
  return rep_ ? rep_->fields : empty;
}

Status::Rep* Status::own() {
  if (rep_.use_count() != 1) {
    rep_ = std::make_shared<Rep>(*rep_);
  }
  return rep_.get();
}

namespace {
void set_if_empty(std::string& field, std::string value) {
  if (field.empty()) {
    field = std::move(value);
  }
}
}  // namespace

Status Status::with_node(std::string node, std::string op) const {
  Status copy = *this;
  if (!ok() && rep_->fields.node.empty()) {
    Rep* rep = copy.own();
    rep->fields.node = std::move(node);
    rep->fields.op = std::move(op);
  }
  return copy;
}

Status Status::with_value(std::string value) const {
  Status copy = *this;
  if (!ok()) {
    set_if_empty(copy.own()->fields.value, std::move(value));
  }
  return copy;
}

Status Status::with_provider(std::string provider) const {
  Status copy = *this;
  if (!ok()) {
    set_if_empty(copy.own()->fields.provider, std::move(provider));
  }
  return copy;
}

Status Status::with_expectation(std::string got, std::string expected) const {
  Status copy = *this;
  if (!ok()) {
    set_if_empty(copy.own()->fields.got, std::move(got));
    set_if_empty(copy.own()->fields.expected, std::move(expected));
  }
  return copy;
}

Status Status::prefixed(std::string_view words) const {
  Status copy = *this;
  if (!ok()) {
    Rep* rep = copy.own();
    rep->message.insert(0, words);
  }
  return copy;
}

int32_t Status::write(tenon_status* out) const {
  // The caller's `size` says how much of msg is there; a record too short to hold a byte of it gets the code alone.
  constexpr size_t kText = offsetof(tenon_status, msg);
  if (out != nullptr && out->size >= kText) {
    out->code = code();
    out->vendor_code = vendor_code();
    out->len = 0;
    const size_t room = std::min<size_t>(out->size - kText, TENON_STATUS_TEXT);
    if (room > 0) {
      out->len = static_cast<uint32_t>(write_visible(message(), out->msg, room));
    }
  }
  return code();
}

Status Status::read(int32_t code, const tenon_status& in) {
  if (code == TENON_OK) {
    return {};
  }
  // `len` comes from outside: it is checked, and so is the end of the text.
  const size_t limit = std::min<size_t>(in.len, TENON_STATUS_TEXT - 1);
  std::string text(in.msg, strnlen(in.msg, limit));
  if (text.empty()) {
    text = std::string("failed with ") + code_name(code) + " (" + std::to_string(code) + ") and no message";
  }
  return Status(code, std::move(text), in.vendor_code);
}

const char* code_name(int32_t code) {
  static constexpr const char* kNames[] = {
      "OK",          "INVALID_ARGUMENT",   "INVALID_MODEL", "MALFORMED",     "INVALID_TENSOR", "UNSUPPORTED",
      "PLACEMENT",   "PROVIDER_NOT_FOUND", "PROVIDER_LOAD", "VERSION",       "OPTION",         "NOT_FOUND",
      "IO",          "PERMISSION",         "LIMIT",         "OUT_OF_MEMORY", "CANCELLED",      "DEADLINE",
      "DEVICE_LOST", "DECLINED",           "BUSY",          "RUN",           "INTERNAL",       "PROVIDER_RULE"};
  static_assert(sizeof kNames / sizeof kNames[0] == TENON_PROVIDER_RULE + 1);
  return code >= 0 && code <= TENON_PROVIDER_RULE ? kNames[code] : "UNKNOWN";
}

}  // namespace tenon
