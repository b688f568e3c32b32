// SPDX-License-Identifier: Apache-2.0
// Strings, texts and the error type of provider.hpp. Errors are thrown inside a provider and never leave it: every
// function of the table is wrapped by guard(), which turns what was thrown into a code and a text [R1] [R13].
#ifndef TENON_PROVIDER_ERROR_HPP_
#define TENON_PROVIDER_ERROR_HPP_

#include <tenon/types.h>

#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tenon::plugin {

/// The bytes of `s` as the ABI's string; lives as long as they do.
inline tenon_string str(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view view(tenon_string s) { return {s.data, static_cast<size_t>(s.len)}; }

/// Lower-case name of an element type as ONNX writes it ("float", "int64", "bfloat16"); "dtype?" when unknown.
inline std::string_view dtype_name(uint32_t dtype) {
  static constexpr std::string_view names[TENON_DTYPE_COUNT] = {
      "undefined",      "float",      "uint8",          "int8",       "uint16",    "int16",
      "int32",          "int64",      "string",         "bool",       "float16",   "double",
      "uint32",         "uint64",     "complex64",      "complex128", "bfloat16",  "float8e4m3fn",
      "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",      "int4",      "float4e2m1",
      "float8e8m0",     "uint2",      "int2",           "float6e2m3", "float6e3m2"};
  return dtype < TENON_DTYPE_COUNT ? names[dtype] : std::string_view("dtype?");
}

/// "[2,?,4]"; an unknown dim is shown as "?".
inline std::string dims_text(std::span<const int64_t> dims) {
  std::string out = "[";
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i != 0) out += ',';
    out += dims[i] < 0 ? std::string("?") : std::to_string(dims[i]);
  }
  return out + "]";
}

namespace detail {
inline void append(std::string& out, std::string_view s) { out += s; }
inline void append(std::string& out, char c) { out += c; }
template <std::same_as<bool> T>  // a template, so that no pointer or array turns into a bool
void append(std::string& out, T b) {
  out += b ? "true" : "false";
}
template <std::integral T>
requires(!std::same_as<T, bool> && !std::same_as<T, char>) void append(std::string& out, T value) {
  out += std::to_string(value);
}
template <std::floating_point T>
void append(std::string& out, T value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof(text), value);  // std::to_string asks the locale
  out.append(text, end.ptr);
}
inline void append(std::string& out, std::span<const int64_t> dims) { out += dims_text(dims); }
}  // namespace detail

/// The parts one after another: strings, numbers, and spans of int64_t as dims.
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

/// What a provider throws. `code` is one of types.h; the text names the thing, what was got and what was expected.
class Error : public std::exception {
 public:
  Error(int32_t code, std::string text, int32_t vendor_code = 0)
      : code_(code), vendor_code_(vendor_code), text_(std::move(text)) {}
  int32_t code() const { return code_; }
  int32_t vendor_code() const { return vendor_code_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  int32_t code_;
  int32_t vendor_code_;
  std::string text_;
};

template <class... Parts>
[[noreturn]] void fail(int32_t code, const Parts&... parts) {
  throw Error(code, cat(parts...));
}

/// Throws unless `condition`. The parts are put together only then.
template <class... Parts>
void require(bool condition, int32_t code, const Parts&... parts) {
  if (!condition) fail(code, parts...);
}

/// Fills in `status` (NULL: dropped). A text that is too long is cut before the UTF-8 character that does not fit.
inline int32_t set_status(tenon_status* status, int32_t code, std::string_view text, int32_t vendor_code = 0) noexcept {
  if (status == nullptr) return code;
  size_t len = text.size();
  if (len > TENON_STATUS_TEXT - 1) {
    len = TENON_STATUS_TEXT - 1;
    while (len > 0 && (static_cast<unsigned char>(text[len]) & 0xC0u) == 0x80u) --len;
  }
  status->code = code;
  status->vendor_code = vendor_code;
  status->len = static_cast<uint32_t>(len);
  if (len != 0) std::memcpy(status->msg, text.data(), len);
  status->msg[len] = '\0';
  return code;
}

/// Throws what a call into the host returned, when that is not TENON_OK.
inline void check_host(int32_t code, const tenon_status& status) {
  if (code != TENON_OK) throw Error(code, std::string(status.msg, status.len), status.vendor_code);
}

inline tenon_status empty_status() {
  tenon_status status{};
  status.size = sizeof(status);
  return status;
}

/// Runs `fn` and returns a code: nothing that it throws gets past here.
template <class F>
int32_t guard(tenon_status* status, F&& fn) noexcept {
  try {
    fn();
    return set_status(status, TENON_OK, {});
  } catch (const Error& e) {
    return set_status(status, e.code() == TENON_OK ? TENON_INTERNAL : e.code(), e.what(), e.vendor_code());
  } catch (const std::bad_alloc&) {
    return set_status(status, TENON_OUT_OF_MEMORY, "an allocation failed");
  } catch (const std::exception& e) {
    return set_status(status, TENON_INTERNAL, e.what());
  } catch (...) {
    return set_status(status, TENON_INTERNAL, "an exception of unknown type");
  }
}

}  // namespace tenon::plugin

#endif  // TENON_PROVIDER_ERROR_HPP_
