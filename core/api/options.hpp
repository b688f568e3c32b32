// SPDX-License-Identifier: Apache-2.0
// Options of a session, as one table that describes itself.
#pragma once

#include <tenon/tenon.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.hpp"
#include "core/sched/policy.hpp"

namespace tenon {

// A provider that the caller named, with its options as text.
struct ProviderChoice {
  std::string id;
  std::vector<std::pair<std::string, std::string>> options;
};

// What a session is loaded with. Each field with a comment is an option of that name.
struct LoadOptions {
  std::optional<Policy> policy;  // unset: strict when providers are named, else warn
  bool fusion = true;
  bool views = true;
  std::string passes = "all";
  bool map_weights = true;  // weights
  uint32_t plan_cache = 16;
  uint32_t threads = 0;       // of one run; 0: the pool's
  uint64_t memory_limit = 0;  // bytes; 0: none
  bool profile = false;
  bool verify = false;
  uint64_t limit_model_bytes = uint64_t{1} << 40;
  uint64_t limit_nodes = 1'000'000;
  uint64_t limit_nesting = 64;
  uint64_t limit_fold_bytes = uint64_t{16} << 20;
  uint64_t limit_load_ms = 120'000;
  std::vector<ProviderChoice> providers;  // in order of preference
  std::map<std::string, int64_t> dims;    // sizes of named dims

  Policy effective_policy() const { return policy.value_or(providers.empty() ? Policy::warn : Policy::strict); }
  // TENON_OPTION for an unknown name (with the nearest) or a value that does not parse.
  Status set(std::string_view name, std::string_view value);
  // A JSON list of {"name","type","default","choices","text"}.
  static std::string describe_json();
};

}  // namespace tenon

struct tenon_session_options {
  tenon::LoadOptions options;
};
