// SPDX-License-Identifier: Apache-2.0
#include "core/host/loader.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>

#include "core/base/cpu.hpp"
#include "core/base/file.hpp"
#include "core/base/fp_guard.hpp"
#include "core/base/log.hpp"
#include "core/base/nearest.hpp"
#include "core/host/host_table.hpp"

namespace tenon {
namespace {

std::string range_text(uint32_t generation, uint32_t min, uint32_t max) {
  return "ABI generation " + std::to_string(generation) + ", minors " + std::to_string(min) + " to " +
         std::to_string(max);
}

// Both ranges are in the message, so that a reader knows which side is the older one.
Status check_range(const std::string& id, uint32_t generation, uint32_t min, uint32_t max, const HostRange& host) {
  const uint32_t agreed = std::min(max, host.max_minor);
  if (generation == host.generation && agreed >= min && agreed >= host.min_minor) {
    return {};
  }
  const std::string got = range_text(generation, min, max);
  const std::string expected = range_text(host.generation, host.min_minor, host.max_minor);
  return Status(TENON_VERSION, "provider '" + id + "' speaks " + got + "; this host speaks " + expected)
      .with_provider(id)
      .with_expectation(got, expected);
}

Status load_error(const std::string& id, const std::string& text) {
  return Status(TENON_PROVIDER_LOAD, "provider '" + id + "': " + text).with_provider(id);
}

// The library's real path. A link may lead to another name in the folder, not out of it.
Result<std::string> find_library(const Manifest& manifest, const ManifestVariant& variant) {
  const Result<std::string> folder = real_path(manifest.folder);
  const Result<std::string> library = real_path(manifest.folder + "/" + variant.library);
  if (!folder.ok() || !library.ok()) {
    return load_error(manifest.id, (folder.ok() ? library : folder).status().message());
  }
  if (library->compare(0, folder->size() + 1, *folder + "/") != 0) {
    return load_error(manifest.id, "'" + variant.library + "' leads to '" + *library +
                                       "', outside of the manifest's folder '" + *folder + "'");
  }
  for (const std::string& checked : {*library, folder_of(*library)}) {
    if (const std::string why = writable_by_others(checked); !why.empty()) {
      return load_error(manifest.id, "'" + checked + "' " + why + ": not trusted");
    }
  }
  return *library;
}

// Asks the loader itself for each needed library, since only it knows all of its search rules (cache, RUNPATH, hwcaps).
// Opening it runs its constructors, which opening the provider would do next anyway. A library in the provider's own
// folder counts as there: the provider finds it by $ORIGIN, which our own dlopen would not use.
Status check_needs(const Manifest& manifest) {
  for (const ManifestNeed& need : manifest.needs) {
    if (::access((manifest.folder + "/" + need.soname).c_str(), R_OK) == 0) {
      continue;
    }
    // NODELETE: the provider opens it next, and a run-time library with threads must not go in between.
    void* library = ::dlopen(need.soname.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) {
      const char* words = ::dlerror();
      return load_error(manifest.id, "needs " + need.soname + ": " + (words == nullptr ? "not found" : words) + " (" +
                                         need.hint + ")");
    }
    ::dlclose(library);
  }
  return {};
}

Status call_entry(const Manifest& manifest, const std::string& library, const HostRange& range,
                  const tenon_provider** table) {
  // NODELETE: code is never unloaded, since its records and threads may be in use anywhere [R9].
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    const char* words = ::dlerror();
    return load_error(manifest.id, std::string("cannot load its library: ") + (words == nullptr ? library : words));
  }
  const auto entry = reinterpret_cast<tenon_provider_entry_fn>(::dlsym(handle, TENON_ABI_ENTRY));
  if (entry == nullptr) {
    return load_error(manifest.id, "'" + library + "' exports no " + TENON_ABI_ENTRY);
  }
  tenon_host_range offered{};
  offered.size = sizeof offered;
  offered.generation = range.generation;
  offered.min_minor = range.min_minor;
  offered.max_minor = range.max_minor;
  tenon_status status = new_status();
  const FpGuard guard;
  int32_t code;
  try {
    code = entry(&host_table(), &offered, table, &status);
  } catch (...) {
    return rule_broken(manifest.id, 1, "its entry function lets a C++ exception out");
  }
  if (!FpGuard::as_wanted()) {
    return rule_broken(manifest.id, 12, "loading it changed rounding mode or flush-to-zero");
  }
  if (code != TENON_OK) {
    const Status words = Status::read(code, status);
    const std::string text = "provider '" + manifest.id + "': its entry function: " + words.message();
    return Status(code == TENON_VERSION ? TENON_VERSION : TENON_PROVIDER_LOAD, text, words.vendor_code())
        .with_provider(manifest.id);
  }
  return {};
}

struct Pair {
  bool first, second;
  const char* names;
};

Status check_functions(const std::string& id, const tenon_provider& table) {
  const std::pair<bool, const char*> required[] = {
      {table.devices != nullptr, "devices"},
      {table.session_create != nullptr, "session_create"},
      {table.session_destroy != nullptr, "session_destroy"},
      {table.query != nullptr, "query"},
      {table.compile != nullptr, "compile"},
      {table.execute != nullptr, "execute"},
      {table.exec_destroy != nullptr, "exec_destroy"},
  };
  for (const auto& [present, name] : required) {
    if (!present) {
      return rule_broken(id, 2, std::string("the required function ") + name + " is NULL");
    }
  }
  const Pair pairs[] = {
      {table.schemas != nullptr, table.infer != nullptr, "schemas and infer"},
      {table.prepack != nullptr, table.bind_packed != nullptr, "prepack and bind_packed"},
      {table.prepare != nullptr, table.prepared_destroy != nullptr, "prepare and prepared_destroy"},
      {table.mem_alloc != nullptr, table.mem_free != nullptr, "mem_alloc and mem_free"},
      {table.mem_map != nullptr, table.mem_unmap != nullptr, "mem_map and mem_unmap"},
  };
  for (const Pair& pair : pairs) {
    if (pair.first != pair.second) {
      return rule_broken(id, 2, std::string("of ") + pair.names + " only one is there");
    }
  }
  const bool timelines = table.sync_create != nullptr && table.sync_wait != nullptr && table.sync_signal != nullptr &&
                         table.sync_destroy != nullptr;
  if ((table.info->features & TENON_FEATURE_ASYNC) != 0 && !timelines) {
    return rule_broken(id, 10, "it has the feature ASYNC, but of the four sync functions one is NULL");
  }
  return {};
}

Status check_info(const Manifest& manifest, const tenon_provider* table) {
  const auto differs = [&](const char* what, const std::string& info, const std::string& expected) {
    return rule_broken(manifest.id, 5,
                       std::string("its library says ") + what + " " + info + ", its manifest " + expected)
        .with_expectation(info, expected);
  };
  if (table == nullptr) {
    return rule_broken(manifest.id, 16, "its entry function succeeded without a table");
  }
  if (table->size < offsetof(tenon_provider, info) + sizeof(table->info) || table->info == nullptr ||
      table->info->size < sizeof(tenon_provider_info)) {
    return rule_broken(manifest.id, 2, "its table or its info is smaller than the records of minor 0");
  }
  const tenon_provider_info& info = *table->info;
  if (view(info.id) != manifest.id) {
    return differs("id", "'" + std::string(view(info.id)) + "'", "'" + manifest.id + "'");
  }
  if (view(info.version) != manifest.version) {
    return differs("version", "'" + std::string(view(info.version)) + "'", "'" + manifest.version + "'");
  }
  if (info.generation != manifest.generation || info.min_minor != manifest.min_minor ||
      info.max_minor != manifest.max_minor) {
    return differs("it speaks", range_text(info.generation, info.min_minor, info.max_minor),
                   range_text(manifest.generation, manifest.min_minor, manifest.max_minor));
  }
  return {};
}

// Libraries entered so far, by real path and offered range; never forgotten.
struct Loaded {
  std::mutex mutex;
  std::map<std::string, Result<Provider*>> by_library;
};

Loaded& loaded() {
  static Loaded* const instance = new Loaded;
  return *instance;
}

Result<Provider*> enter(const Manifest& manifest, const std::string& library, const HostRange& range) {
  const tenon_provider* table = nullptr;
  TENON_RETURN_IF_ERROR(call_entry(manifest, library, range, &table));
  TENON_ASSIGN_OR_RETURN(std::unique_ptr<Provider> provider, accept_provider(manifest, library, table, range));
  log_debug("loaded provider '" + provider->id() + "' " + provider->version() + " from '" + library + "'");
  return provider.release();  // lives as long as the process
}

}  // namespace

Result<std::unique_ptr<Provider>> accept_provider(const Manifest& manifest, const std::string& library,
                                                  const tenon_provider* table, const HostRange& range) {
  TENON_RETURN_IF_ERROR(check_info(manifest, table));
  const tenon_provider_info& info = *table->info;
  TENON_RETURN_IF_ERROR(check_range(manifest.id, info.generation, info.min_minor, info.max_minor, range));
  // What the provider's record is too short for stays NULL: "not supported" [R2].
  tenon_provider full{};
  std::memcpy(&full, table, std::min<size_t>(table->size, sizeof full));
  TENON_RETURN_IF_ERROR(check_functions(manifest.id, full));
  return Provider::open(manifest, library, full, std::min(info.max_minor, range.max_minor));
}

Result<Provider*> load_provider(const Manifest& manifest, const HostRange& range) {
  TENON_RETURN_IF_ERROR(check_range(manifest.id, manifest.generation, manifest.min_minor, manifest.max_minor, range));
  TENON_ASSIGN_OR_RETURN(const ManifestVariant* variant, choose_variant(manifest, cpu_features()));
  TENON_ASSIGN_OR_RETURN(const std::string library, find_library(manifest, *variant));
  const std::string key = library + "|" + range_text(range.generation, range.min_minor, range.max_minor);
  Loaded& all = loaded();
  const std::lock_guard lock(all.mutex);
  if (const auto found = all.by_library.find(key); found != all.by_library.end()) {
    return found->second;
  }
  // A missing library may be installed and tried again; what its own code did stays as it was.
  TENON_RETURN_IF_ERROR(check_needs(manifest));
  return all.by_library.emplace(key, enter(manifest, library, range)).first->second;
}

Status ProviderRegistry::add(const std::string& path) {
  TENON_ASSIGN_OR_RETURN(const std::string real, real_path(path));
  const std::lock_guard lock(mutex_);
  registered_.insert(registered_.begin(), real);
  discovered_ = false;
  return {};
}

void ProviderRegistry::discover() {
  if (discovered_) {
    return;
  }
  std::vector<Entry> before = std::move(entries_);
  entries_.clear();
  std::vector<SearchPlace> places = provider_search_places(registered_);
  if (only_registered_) {
    places.resize(std::min(places.size(), registered_.size()));
  }
  for (DiscoveredProvider& found : discover_providers(places)) {
    Entry entry;
    entry.found = std::move(found);
    for (Entry& old : before) {
      if (old.found.path == entry.found.path && entry.found.state == ProviderState::available) {
        entry.provider = old.provider;
        entry.failure = old.failure;
        entry.found.state = old.found.state == ProviderState::shadowed ? entry.found.state : old.found.state;
        entry.found.reason = entry.found.state == ProviderState::available ? "" : old.found.reason;
      }
    }
    if (entry.found.state == ProviderState::rejected) {
      log_warning("provider manifest not used: " + entry.found.reason);
    } else if (entry.found.state == ProviderState::shadowed) {
      log_info("provider '" + entry.found.id + "' of '" + entry.found.path + "' not used: " + entry.found.reason);
    }
    entries_.push_back(std::move(entry));
  }
  discovered_ = true;
}

Result<Provider*> ProviderRegistry::open(Entry& entry) {
  if (entry.provider != nullptr) {
    return entry.provider;
  }
  if (!entry.failure.ok()) {
    return entry.failure;
  }
  Result<Provider*> provider = load_provider(*entry.found.manifest);
  if (!provider.ok()) {
    entry.failure = provider.status();
    entry.found.state = ProviderState::failed;
    entry.found.reason = provider.status().message();
    return provider.status();
  }
  entry.provider = *provider;
  entry.found.state = ProviderState::loaded;
  return provider;
}

Result<Provider*> ProviderRegistry::open(std::string_view id) {
  const std::lock_guard lock(mutex_);
  discover();
  std::vector<std::string_view> names;
  std::string rejected;
  for (Entry& entry : entries_) {
    const bool usable = entry.found.state != ProviderState::shadowed && entry.found.state != ProviderState::rejected;
    if (usable && entry.found.id == id) {
      return open(entry);
    }
    if (usable) {
      names.push_back(entry.found.id);
    } else if (entry.found.state == ProviderState::rejected) {
      rejected += "; not used: " + entry.found.reason;
    }
  }
  std::string known;
  for (std::string_view name : names) {
    known += (known.empty() ? "; found: " : ", ") + std::string(name);
  }
  return Status(TENON_PROVIDER_NOT_FOUND, "no provider '" + std::string(id) + "'" + did_you_mean(id, names) +
                                              (known.empty() ? "; none is installed" : known) + rejected)
      .with_provider(std::string(id));
}

std::vector<DiscoveredProvider> ProviderRegistry::list() {
  const std::lock_guard lock(mutex_);
  discover();
  std::vector<DiscoveredProvider> all;
  for (const Entry& entry : entries_) {
    all.push_back(entry.found);
  }
  return all;
}

std::vector<Provider*> ProviderRegistry::open_all() {
  const std::lock_guard lock(mutex_);
  discover();
  std::vector<Provider*> all;
  for (Entry& entry : entries_) {
    if (entry.found.state == ProviderState::shadowed || entry.found.state == ProviderState::rejected) {
      continue;
    }
    const bool known_failure = !entry.failure.ok();
    const Result<Provider*> provider = open(entry);
    if (provider.ok()) {
      all.push_back(*provider);
    } else if (!known_failure) {
      log_warning("provider not used: " + provider.status().message());
    }
  }
  return all;
}

}  // namespace tenon
