// SPDX-License-Identifier: Apache-2.0
// How core reports failure: a Status (code, sentence, the things it is about) or a Result<T>. No exceptions cross
// modules.
#pragma once

#include <tenon/types.h>

#include <cassert>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tenon {

// The things an error is about, for callers that show more than the message. Empty: does not apply.
struct ErrorFields {
  std::string node;      // path of the node in the model: "main/If_3.then_branch/Conv_7"
  std::string op;        // "ai.onnx.Conv"
  std::string value;     // name of the input, output, tensor or option
  std::string provider;  // provider id
  std::string got;
  std::string expected;
};

// Success is one null pointer. Copying shares; immutable after construction except through with_*.
class [[nodiscard]] Status {
 public:
  Status() = default;
  // `code` is one of types.h and not TENON_OK; `message` is one sentence that names the thing, got and expected.
  Status(int32_t code, std::string message, int32_t vendor_code = 0)
      : rep_(std::make_shared<Rep>(Rep{code, vendor_code, std::move(message), {}})) {
    assert(code != TENON_OK);
  }
  static Status ok_status() { return {}; }

  bool ok() const { return rep_ == nullptr; }
  explicit operator bool() const { return ok(); }
  int32_t code() const { return rep_ ? rep_->code : TENON_OK; }
  int32_t vendor_code() const { return rep_ ? rep_->vendor_code : 0; }
  const std::string& message() const;
  const ErrorFields& fields() const;

  // The same error with a field set (an already set field stays: the innermost place knows best), or with words before
  // the message. No effect on success.
  Status with_node(std::string node, std::string op) const;
  Status with_value(std::string value) const;
  Status with_provider(std::string provider) const;
  Status with_expectation(std::string got, std::string expected) const;
  Status prefixed(std::string_view words) const;

  // Writes code and message to a caller-owned record (cut at its size, on a UTF-8 border); returns the code.
  // `out` may be NULL.
  int32_t write(tenon_status* out) const;
  // From a record that a provider filled in; `code` is what its function returned.
  static Status read(int32_t code, const tenon_status& in);

 private:
  struct Rep {
    int32_t code;
    int32_t vendor_code;
    std::string message;
    ErrorFields fields;
  };
  Rep* own();
  std::shared_ptr<Rep> rep_;
};

// "INVALID_MODEL" for TENON_INVALID_MODEL; "UNKNOWN" otherwise. Static storage.
const char* code_name(int32_t code);

// A T or the Status that says why there is none. Like std::optional: check before use.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                                  // NOLINT: implicit on purpose
  Result(Status status) : status_(std::move(status)) { assert(!status_.ok()); }  // NOLINT
  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Status& status() const { return status_; }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return *std::move(value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

#define TENON_CONCAT_(a, b) a##b
#define TENON_CONCAT(a, b) TENON_CONCAT_(a, b)
// Returns from the enclosing function when `expr` (a Status) is a failure.
#define TENON_RETURN_IF_ERROR(expr)                            \
  do {                                                         \
    if (::tenon::Status tenon_st_ = (expr); !tenon_st_.ok()) { \
      return tenon_st_;                                        \
    }                                                          \
  } while (false)
// TENON_ASSIGN_OR_RETURN(auto x, make_x()): declares x from a Result, or returns its Status.
#define TENON_ASSIGN_OR_RETURN(lhs, expr) TENON_ASSIGN_OR_RETURN_(TENON_CONCAT(tenon_result_, __LINE__), lhs, expr)
#define TENON_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                            \
  if (!tmp.ok()) {                              \
    return tmp.status();                        \
  }                                             \
  lhs = std::move(tmp).value()

}  // namespace tenon
