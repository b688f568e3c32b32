// SPDX-License-Identifier: Apache-2.0
#include "core/api/error.hpp"

#include <cstring>
#include <string>

#include "core/api/text.hpp"
#include "core/base/build_info.hpp"

namespace tenon::api {
namespace {

// Kept as a Status, which shares its text: setting it cannot fail once the error exists.
thread_local Status last_error;

}  // namespace

int32_t finish(const Status& status, tenon_status* out) {
  if (!status.ok()) {
    last_error = status;
  }
  if (out == nullptr || status.ok()) {
    // A success touches two words only: a run's cost is counted in nanoseconds.
    if (out != nullptr && out->size >= offsetof(tenon_status, msg) + 1) {
      out->code = TENON_OK;
      out->vendor_code = 0;
      out->len = 0;
      out->msg[0] = '\0';
    }
    return status.code();
  }
  return status.write(out);
}

Status bad_argument(std::string message) { return Status(TENON_INVALID_ARGUMENT, std::move(message)); }

}  // namespace tenon::api

using tenon::api::borrow;

extern "C" {

const char* tenon_version(void) {
  // build_version's text is a literal, so it ends with a zero.
  return tenon::build_version().data();
}

const char* tenon_code_name(int32_t code) { return tenon::code_name(code); }

int32_t tenon_last_error_fields(tenon_error_fields* out) {
  if (out == nullptr) {
    return TENON_INVALID_ARGUMENT;
  }
  const tenon::ErrorFields& fields = tenon::api::last_error.fields();
  tenon_error_fields record = {};
  record.size = sizeof record;
  record.code = tenon::api::last_error.code();
  record.node = borrow(fields.node);
  record.op = borrow(fields.op);
  record.value = borrow(fields.value);
  record.provider = borrow(fields.provider);
  record.got = borrow(fields.got);
  record.expected = borrow(fields.expected);
  const uint32_t known = out->size < sizeof record ? out->size : static_cast<uint32_t>(sizeof record);
  std::memcpy(out, &record, known);
  out->size = known;
  return TENON_OK;
}

tenon_string tenon_text_get(const tenon_text* text) {
  return text == nullptr ? tenon_string{nullptr, 0} : borrow(text->text);
}

void tenon_text_release(tenon_text* text) { delete text; }

}  // extern "C"
