// SPDX-License-Identifier: Apache-2.0
#include "visible_output.hpp"

#include <algorithm>

namespace tenon::cli {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
}

}  // namespace

VisibleOutput::int_type VisibleOutput::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) {
    return traits_type::not_eof(c);
  }
  const char one = traits_type::to_char_type(c);
  return xsputn(&one, 1) == 1 ? c : traits_type::eof();
}

std::streamsize VisibleOutput::xsputn(const char* text, std::streamsize n) {
  const char* const end = text + n;
  for (const char* at = text; at != end;) {
    const char* const control = std::find_if(at, end, is_control);
    if (to_->sputn(at, control - at) != control - at) {
      return at - text;
    }
    at = control;
    if (at != end) {
      constexpr const char* kDigits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(*at);
      const char shown[4] = {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
      if (to_->sputn(shown, 4) != 4) {
        return at - text;
      }
      ++at;
    }
  }
  return n;
}

}  // namespace tenon::cli
