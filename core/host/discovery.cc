// SPDX-License-Identifier: Apache-2.0
#include "core/host/discovery.hpp"

#include <dlfcn.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "core/base/file.hpp"

namespace tenon {
namespace {

constexpr std::string_view kFolder = "/tenon/providers.d";

// A set-user-id program must not be told by its environment what code to load.
bool privileged() { return ::getauxval(AT_SECURE) != 0; }

std::string environment(const char* name) {
  const char* value = privileged() ? nullptr : std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_folder(const std::string& path) {
  struct stat st;
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

bool ends_with_json(const std::string& name) {
  return name.size() > 5 && name.compare(name.size() - 5, 5, ".json") == 0;
}

class Finder {
 public:
  std::vector<DiscoveredProvider> take() { return std::move(found_); }

  void place(const SearchPlace& place) {
    // Links are resolved once and here: what is checked and what is opened must be the same file.
    const Result<std::string> real = real_path(place.path);
    if (!real.ok()) {
      if (place.origin == "registered" || place.origin == "TENON_PROVIDER_PATH") {
        reject(place.path, place.origin, real.status().message());
      }
      return;
    }
    if (!is_folder(*real)) {
      manifest(*real, place.origin);
      return;
    }
    if (!seen_.insert(*real).second) {
      return;
    }
    const Result<std::vector<std::string>> names = list_folder(*real);
    if (!names.ok()) {
      reject(*real, place.origin, names.status().message());
      return;
    }
    for (const std::string& name : *names) {
      if (ends_with_json(name)) {
        manifest(*real + "/" + name, place.origin);
      }
    }
  }

 private:
  void reject(const std::string& path, const std::string& origin, std::string reason) {
    DiscoveredProvider& entry = found_.emplace_back();
    entry.path = path;
    entry.origin = origin;
    entry.state = ProviderState::rejected;
    entry.reason = std::move(reason);
  }

  void manifest(const std::string& found_at, const std::string& origin) {
    const Result<std::string> real = real_path(found_at);
    if (!real.ok()) {
      reject(found_at, origin, real.status().message());
      return;
    }
    if (!seen_.insert(*real).second) {
      return;  // the same file by another way, such as /lib and /usr/lib
    }
    for (const std::string& checked : {*real, folder_of(*real)}) {
      if (const std::string why = writable_by_others(checked); !why.empty()) {
        reject(*real, origin, "'" + checked + "' " + why + ": not trusted");
        return;
      }
    }
    Result<Manifest> manifest = read_manifest(*real);
    if (!manifest.ok()) {
      reject(*real, origin, manifest.status().message());
      return;
    }
    DiscoveredProvider& entry = found_.emplace_back();
    entry.path = *real;
    entry.origin = origin;
    entry.id = manifest->id;
    entry.version = manifest->version;
    entry.manifest = std::move(*manifest);
    for (const DiscoveredProvider& earlier : found_) {
      if (&earlier != &entry && earlier.id == entry.id && earlier.state == ProviderState::available) {
        entry.state = ProviderState::shadowed;
        entry.reason = "'" + earlier.path + "' has the same id and comes first";
      }
    }
  }

  std::vector<DiscoveredProvider> found_;
  std::set<std::string> seen_;  // real paths of folders and manifests
};

void add_listed(const std::string& list, std::vector<SearchPlace>* places) {
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(':', at), list.size());
    if (end > at) {
      places->push_back({list.substr(at, end - at), "TENON_PROVIDER_PATH"});
    }
    at = end + 1;
  }
}

}  // namespace

std::string own_library_folder() {
  static const char anchor = 0;
  Dl_info info{};
  if (::dladdr(&anchor, &info) == 0 || info.dli_fname == nullptr) {
    return "";
  }
  const Result<std::string> real = real_path(info.dli_fname);
  return real.ok() ? folder_of(*real) : "";
}

std::vector<SearchPlace> provider_search_places(const std::vector<std::string>& registered) {
  std::vector<SearchPlace> places;
  for (const std::string& path : registered) {
    places.push_back({path, "registered"});
  }
  add_listed(environment("TENON_PROVIDER_PATH"), &places);
  if (const std::string own = own_library_folder(); !own.empty()) {
    places.push_back({own + std::string(kFolder), "beside the library"});
  }
  std::string user = environment("XDG_DATA_HOME");
  if (user.empty()) {
    const std::string home = environment("HOME");
    user = home.empty() ? "" : home + "/.local/share";
  }
  if (!user.empty() && user.front() == '/') {  // the XDG rule: a relative one is ignored
    places.push_back({user + std::string(kFolder), "user"});
  }
  for (const char* root : {"/etc", "/usr/local/lib", "/usr/lib"}) {
    places.push_back({root + std::string(kFolder), "system"});
  }
  return places;
}

const char* provider_state_name(ProviderState state) {
  switch (state) {
    case ProviderState::available:
      return "available";
    case ProviderState::loaded:
      return "loaded";
    case ProviderState::shadowed:
      return "shadowed";
    case ProviderState::rejected:
      return "rejected";
    case ProviderState::failed:
      return "failed";
  }
  return "unknown";
}

std::vector<DiscoveredProvider> discover_providers(const std::vector<SearchPlace>& places) {
  Finder finder;
  for (const SearchPlace& place : places) {
    finder.place(place);
  }
  return finder.take();
}

}  // namespace tenon
