// SPDX-License-Identifier: Apache-2.0
// Protobuf's wire format, read in place: varints, fixed numbers and length-delimited bytes with every bound checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.hpp"

namespace tenon::wire {

// What one parse shares: the first error, and the budget that bounds memory and recursion.
struct Context {
  const char* base = nullptr;  // start of the file: offsets in errors count from here
  uint64_t table_bytes = 0;    // still allowed
  uint32_t nesting = 0;        // message levels still allowed
  Status error;

  // TENON_MALFORMED at `at`. Keeps the first error. Always false, for `return context.fail(...)`.
  bool fail(const char* at, std::string_view what);
  bool fail_limit(std::string_view name);
  // Takes `bytes` from the budget; false (TENON_LIMIT) when it is spent.
  bool charge(uint64_t bytes);
};

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kStartGroup = 3, kEndGroup = 4, kFixed32 = 5 };

// A cursor over one message. Functions return false once context.error is set; then the outputs mean nothing.
class Reader {
 public:
  Reader(Context& context, std::string_view bytes)
      : context_(context), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool done() const { return at_ == end_; }
  const char* at() const { return at_; }
  Context& context() { return context_; }

  // Reads the next field's number and wire type.
  bool tag(uint32_t* field, uint32_t* type);
  bool varint(uint64_t* out);
  bool fixed32(uint32_t* out);
  bool fixed64(uint64_t* out);
  bool delimited(std::string_view* out);
  bool skip(uint32_t type);

  // The value of a field of which the wire type was read: a wrong one is an error that names `name`.
  bool read_int(uint32_t type, const char* name, int64_t* out);
  bool read_int32(uint32_t type, const char* name, int32_t* out);
  bool read_float(uint32_t type, const char* name, float* out);
  bool read_bytes(uint32_t type, const char* name, std::string_view* out);
  bool read_text(uint32_t type, const char* name, std::string_view* out);  // must be UTF-8

 private:
  bool expect(uint32_t type, uint32_t wanted, const char* name);
  Context& context_;
  const char* at_;
  const char* end_;
};

// Is it well-formed UTF-8 (no surrogates, nothing over U+10FFFF, shortest form)?
bool valid_utf8(std::string_view text);

}  // namespace tenon::wire
