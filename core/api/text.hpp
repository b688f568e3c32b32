// SPDX-License-Identifier: Apache-2.0
// tenon_text: a text that a call of tenon.h made.
#pragma once

#include <tenon/tenon.h>

#include <string>
#include <string_view>
#include <utility>

struct tenon_text {
  std::string text;
};

namespace tenon::api {

inline tenon_text* make_text(std::string text) { return new tenon_text{std::move(text)}; }

inline std::string_view view(tenon_string text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, static_cast<size_t>(text.len));
}

inline tenon_string borrow(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace tenon::api
