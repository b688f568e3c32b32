// SPDX-License-Identifier: Apache-2.0
// Options describe themselves [R14]: a value is checked here, before the provider sees it.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "core/base/nearest.hpp"
#include "core/host/provider.hpp"

namespace tenon {
namespace {

std::string number_text(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value);
  return std::string(text, end.ptr);
}

bool limited(const OptionDesc& desc) { return desc.min < desc.max || desc.min != 0 || desc.max != 0; }

std::string expectation(const OptionDesc& desc) {
  const std::string range =
      limited(desc) ? " from " + number_text(desc.min) + " to " + number_text(desc.max) : std::string();
  switch (desc.type) {
    case TENON_OPTION_INT:
      return "an integer" + range;
    case TENON_OPTION_FLOAT:
      return "a number" + range;
    case TENON_OPTION_BOOL:
      return "'true' or 'false'";
    case TENON_OPTION_CHOICE: {
      std::string all = "one of";
      for (const std::string& choice : desc.choices) {
        all += (all == "one of" ? " '" : ", '") + choice + "'";
      }
      return all;
    }
    default:
      return "a text";
  }
}

template <typename T>
std::optional<T> parse(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end ? std::optional<T>(value) : std::nullopt;
}

bool valid_value(const OptionDesc& desc, const std::string& value) {
  const auto in_range = [&](double number) {
    return std::isfinite(number) && (!limited(desc) || (number >= desc.min && number <= desc.max));
  };
  switch (desc.type) {
    case TENON_OPTION_INT: {
      const auto number = parse<int64_t>(value);
      return number.has_value() && in_range(static_cast<double>(*number));
    }
    case TENON_OPTION_FLOAT: {
      const auto number = parse<double>(value);
      return number.has_value() && in_range(*number);
    }
    case TENON_OPTION_BOOL:
      return value == "true" || value == "false";
    case TENON_OPTION_CHOICE:
      return std::find(desc.choices.begin(), desc.choices.end(), value) != desc.choices.end();
    default:
      return true;
  }
}

}  // namespace

Result<OptionList> check_options(std::string_view provider, std::span<const OptionDesc> schema,
                                 const OptionList& options) {
  OptionList all;
  std::vector<bool> given(schema.size(), false);
  std::vector<std::string_view> names;
  for (const OptionDesc& desc : schema) {
    all.emplace_back(desc.name, desc.default_value);
    names.push_back(desc.name);
  }
  const std::string who = "provider '" + std::string(provider) + "'";
  for (const auto& [name, value] : options) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      return Status(TENON_OPTION, who + " has no option '" + name + "'" +
                                      (names.empty() ? "; it has none" : did_you_mean(name, names)))
          .with_provider(std::string(provider))
          .with_value(name);
    }
    const size_t i = static_cast<size_t>(found - names.begin());
    if (!valid_value(schema[i], value)) {
      return Status(TENON_OPTION,
                    "option '" + name + "' of " + who + ": got '" + value + "', expected " + expectation(schema[i]))
          .with_provider(std::string(provider))
          .with_value(name)
          .with_expectation(value, expectation(schema[i]));
    }
    if (given[i] && all[i].second != value) {
      return Status(TENON_OPTION,
                    "option '" + name + "' of " + who + " is given twice: '" + all[i].second + "' and '" + value + "'")
          .with_provider(std::string(provider))
          .with_value(name);
    }
    given[i] = true;
    all[i].second = value;
  }
  return all;
}

}  // namespace tenon
