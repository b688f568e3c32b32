// SPDX-License-Identifier: Apache-2.0
// Which providers are installed: the search order, and what became of each manifest found. Loads no code.
//
// Order: paths registered through the API; TENON_PROVIDER_PATH (folders or manifests, separated by ':'; ignored in a
// privileged process); tenon/providers.d beside the library that this code is in; in $XDG_DATA_HOME, else
// ~/.local/share (ignored in a privileged process); in /etc, /usr/local/lib, /usr/lib. In a folder the files that end
// in ".json" count, by name. The first manifest of an id wins.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/status.hpp"
#include "core/host/manifest.hpp"

namespace tenon {

struct SearchPlace {
  std::string path;    // a folder, or (registered, TENON_PROVIDER_PATH) one manifest
  std::string origin;  // "registered", "TENON_PROVIDER_PATH", "beside the library", "user", "system"
};

std::vector<SearchPlace> provider_search_places(const std::vector<std::string>& registered);

enum class ProviderState : uint8_t {
  available,  // the manifest is good; its library may or may not be loaded
  loaded,     // its library is loaded and has passed all checks
  shadowed,   // another manifest of the same id came first
  rejected,   // not to be trusted (writable by others), or the manifest is bad
  failed,     // the library was tried and failed
};
// "available", "loaded", ...
const char* provider_state_name(ProviderState state);

struct DiscoveredProvider {
  std::string id;       // "" when the manifest could not be read that far
  std::string version;  // likewise
  std::string path;     // of the manifest, or of a place that could not be read
  std::string origin;   // as SearchPlace::origin
  ProviderState state = ProviderState::available;
  std::string reason;                // shadowed, rejected, failed: why
  std::optional<Manifest> manifest;  // when it could be read and trusted
};

// Everything found, in search order. Never fails as a whole: each problem is an entry. A registered place that does not
// exist is one too; the others are looked at only if they are there.
std::vector<DiscoveredProvider> discover_providers(const std::vector<SearchPlace>& places);

// The folder of the shared library (or program) that contains this code; "" when the loader does not tell.
std::string own_library_folder();

}  // namespace tenon
