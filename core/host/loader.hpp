// SPDX-License-Identifier: Apache-2.0
// From a manifest to a loaded, negotiated, checked Provider.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/status.hpp"
#include "core/host/discovery.hpp"
#include "core/host/provider.hpp"

namespace tenon {

// What this host speaks. A test may pretend to be another one.
struct HostRange {
  uint32_t generation = TENON_ABI_GENERATION;
  uint32_t min_minor = 0;
  uint32_t max_minor = TENON_ABI_MINOR;
};

// Loads the variant that fits and checks everything that can be checked before a model is there: ABI range and ISA
// (before any code runs), trust in library and folder, the loader's own words, the entry symbol, negotiation, required
// functions, that info and manifest agree, devices, options, schemas. A library is entered once a process: the second
// call for it gives the same Provider. PROVIDER_LOAD, VERSION or PROVIDER_RULE, with the provider's id in the fields.
Result<Provider*> load_provider(const Manifest& manifest, const HostRange& range = {});

// The checks after the entry function alone, for a table that is already in the process. `range` as offered.
Result<std::unique_ptr<Provider>> accept_provider(const Manifest& manifest, const std::string& library,
                                                  const tenon_provider* table, const HostRange& range);

// The providers of an environment: what was found, and what is loaded so far. Any thread.
class ProviderRegistry {
 public:
  // `registered`: folders or manifests that come before all others; with `only_registered` nothing else is looked at.
  explicit ProviderRegistry(std::vector<std::string> registered = {}, bool only_registered = false)
      : registered_(std::move(registered)), only_registered_(only_registered) {}

  // Adds a folder or a manifest before those registered so far; what is found is looked up again at the next call.
  // NOT_FOUND when it does not exist.
  Status add(const std::string& path);
  // Loads (or gives) the provider of this id. PROVIDER_NOT_FOUND with the nearest name; PROVIDER_LOAD, VERSION or
  // PROVIDER_RULE when it fails to load, each time with the same words.
  Result<Provider*> open(std::string_view id);
  // Everything found and its state, in search order.
  std::vector<DiscoveredProvider> list();
  // Loads all that are available; those that fail are logged as warnings and keep the reason in list(). In search
  // order.
  std::vector<Provider*> open_all();

 private:
  struct Entry {
    DiscoveredProvider found;
    Provider* provider = nullptr;
    Status failure;
  };
  void discover();                       // with the lock held
  Result<Provider*> open(Entry& entry);  // with the lock held

  std::mutex mutex_;
  std::vector<std::string> registered_;
  bool only_registered_ = false;
  bool discovered_ = false;
  std::vector<Entry> entries_;
};

}  // namespace tenon
