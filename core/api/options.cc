// SPDX-License-Identifier: Apache-2.0
#include "core/api/options.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <functional>
#include <limits>
#include <span>

#include "core/api/error.hpp"
#include "core/api/text.hpp"
#include "core/base/nearest.hpp"

namespace tenon {
namespace {

struct OptionRow {
  std::string_view name;
  std::string_view type;  // "choice", "int" or "text"
  std::string_view standard;
  std::vector<std::string_view> choices;
  std::string_view text;
  std::function<void(LoadOptions&, std::string_view)> set_text;  // choice and text
  std::function<void(LoadOptions&, uint64_t)> set_int;
  uint64_t max = std::numeric_limits<int64_t>::max();  // int
};

OptionRow flag(std::string_view name, std::string_view standard, std::string_view text, bool LoadOptions::*member) {
  return {name,     "choice",
          standard, {"on", "off"},
          text,     [member](LoadOptions& options, std::string_view value) { options.*member = value == "on"; },
          {}};
}

template <typename T>
OptionRow number(std::string_view name, std::string_view standard, std::string_view text, T LoadOptions::*member,
                 uint64_t max = std::numeric_limits<T>::max()) {
  return {name,
          "int",
          standard,
          {},
          text,
          {},
          [member](LoadOptions& options, uint64_t value) { options.*member = static_cast<T>(value); },
          max};
}

const std::vector<OptionRow>& rows() {
  static const std::vector<OptionRow> table = {
      {"policy",
       "choice",
       "",
       {"strict", "warn", "allow"},
       "what happens to a node that no preferred provider takes; unset: strict when providers are named, else warn",
       [](LoadOptions& options, std::string_view value) {
         options.policy = value == "strict" ? Policy::strict : value == "warn" ? Policy::warn : Policy::allow;
       },
       {}},
      flag("fusion", "on", "off: providers get single nodes only, so that every node shows in the profile",
           &LoadOptions::fusion),
      flag("views", "on", "off: Reshape and its like go to a provider instead of sharing memory", &LoadOptions::views),
      {"passes",
       "text",
       "all",
       {},
       "all, exact (same bits as none), none, or a list such as all,-fold",
       [](LoadOptions& options, std::string_view value) { options.passes = std::string(value); },
       {}},
      {"weights",
       "choice",
       "map",
       {"map", "read"},
       "map leaves weights in the mapped file, which must not shrink; read copies them, for files that may change",
       [](LoadOptions& options, std::string_view value) { options.map_weights = value == "map"; },
       {}},
      number("plan_cache", "16", "sets of input shapes whose plans and memory are kept", &LoadOptions::plan_cache,
             65536),
      number("threads", "0", "of one run, the caller included; 0: those of the environment", &LoadOptions::threads,
             1024),
      number("memory_limit", "0", "bytes of activations that one run may need; 0: none", &LoadOptions::memory_limit),
      flag("profile", "off", "on: every run is recorded", &LoadOptions::profile),
      flag("verify", "off", "on: the graph is checked after every pass", &LoadOptions::verify),
      number("limit.model_bytes", "1099511627776", "bytes of the model's file and of each external data file",
             &LoadOptions::limit_model_bytes),
      number("limit.nodes", "1000000", "nodes after functions are inlined", &LoadOptions::limit_nodes),
      number("limit.nesting", "64", "depth of graphs and functions in each other", &LoadOptions::limit_nesting, 1000),
      number("limit.fold_bytes", "16777216", "bytes of one value that is folded at load",
             &LoadOptions::limit_fold_bytes),
      number("limit.load_ms", "120000", "milliseconds that loading may take", &LoadOptions::limit_load_ms),
  };
  return table;
}

std::string join(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::string_view word : words) {
    out += (out.empty() ? "" : ", ") + std::string(word);
  }
  return out;
}

}  // namespace

Status LoadOptions::set(std::string_view name, std::string_view value) {
  std::vector<std::string_view> names;
  for (const OptionRow& row : rows()) {
    names.push_back(row.name);
    if (row.name != name) {
      continue;
    }
    const std::string shown = "option '" + std::string(name) + "'";
    if (row.set_int) {
      uint64_t parsed = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
      if (error != std::errc() || end != value.data() + value.size() || parsed > row.max) {
        const std::string expected = "a whole number from 0 to " + std::to_string(row.max);
        return Status(TENON_OPTION, shown + " takes " + expected + ", not '" + std::string(value) + "'")
            .with_value(std::string(name))
            .with_expectation(std::string(value), expected);
      }
      row.set_int(*this, parsed);
      return {};
    }
    bool found = row.choices.empty();
    for (std::string_view choice : row.choices) {
      found = found || choice == value;
    }
    if (!found) {
      return Status(TENON_OPTION, shown + " is one of " + join(row.choices) + ", not '" + std::string(value) + "'" +
                                      did_you_mean(value, row.choices))
          .with_value(std::string(name))
          .with_expectation(std::string(value), join(row.choices));
    }
    row.set_text(*this, value);
    return {};
  }
  return Status(TENON_OPTION, "no session option is named '" + std::string(name) + "'" + did_you_mean(name, names))
      .with_value(std::string(name));
}

std::string LoadOptions::describe_json() {
  boost::json::array list;
  for (const OptionRow& row : rows()) {
    boost::json::array choices;
    for (std::string_view choice : row.choices) {
      choices.emplace_back(boost::json::string_view(choice));
    }
    list.push_back({{"name", boost::json::string_view(row.name)},
                    {"type", boost::json::string_view(row.type)},
                    {"default", boost::json::string_view(row.standard)},
                    {"choices", std::move(choices)},
                    {"text", boost::json::string_view(row.text)}});
  }
  return boost::json::serialize(list);
}

}  // namespace tenon

using tenon::Status;
using tenon::api::bad_argument;
using tenon::api::guarded;
using tenon::api::view;

extern "C" {

int32_t tenon_session_options_create(tenon_session_options** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (out == nullptr) {
      return bad_argument("tenon_session_options_create: out is NULL");
    }
    *out = new tenon_session_options();
    return {};
  });
}

void tenon_session_options_release(tenon_session_options* options) { delete options; }

int32_t tenon_session_options_add_provider(tenon_session_options* options, tenon_string id, const tenon_string* names,
                                           const tenon_string* values, uint32_t n, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (options == nullptr || id.len == 0 || (n > 0 && (names == nullptr || values == nullptr))) {
      return bad_argument("tenon_session_options_add_provider: options, id, names or values is NULL or empty");
    }
    tenon::ProviderChoice choice;
    choice.id = std::string(view(id));
    for (const tenon::ProviderChoice& earlier : options->options.providers) {
      if (earlier.id == choice.id) {
        return bad_argument("provider '" + choice.id + "' is named twice").with_provider(choice.id);
      }
    }
    for (uint32_t i = 0; i < n; ++i) {
      choice.options.emplace_back(view(names[i]), view(values[i]));
    }
    options->options.providers.push_back(std::move(choice));
    return {};
  });
}

int32_t tenon_session_options_set(tenon_session_options* options, tenon_string name, tenon_string value,
                                  tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (options == nullptr) {
      return bad_argument("tenon_session_options_set: options is NULL");
    }
    return options->options.set(view(name), view(value));
  });
}

int32_t tenon_session_options_set_dim(tenon_session_options* options, tenon_string symbol, int64_t size,
                                      tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (options == nullptr || symbol.len == 0) {
      return bad_argument("tenon_session_options_set_dim: options is NULL or symbol is empty");
    }
    if (size < 0) {
      return Status(TENON_OPTION, "dim '" + std::string(view(symbol)) + "' is set to " + std::to_string(size) +
                                      "; a size is 0 or more")
          .with_value(std::string(view(symbol)));
    }
    options->options.dims[std::string(view(symbol))] = size;
    return {};
  });
}

int32_t tenon_session_options_describe_json(tenon_text** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (out == nullptr) {
      return bad_argument("tenon_session_options_describe_json: out is NULL");
    }
    *out = tenon::api::make_text(tenon::LoadOptions::describe_json());
    return {};
  });
}

}  // extern "C"
