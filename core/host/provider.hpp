// SPDX-License-Identifier: Apache-2.0
// A loaded provider and its sessions. A Provider is made by the loader once for each library, lives as long as the
// process (code is never unloaded [R9]) and is shared by all environments.
#pragma once

#include <tenon/plugin.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.hpp"
#include "core/host/manifest.hpp"
#include "core/host/weights.hpp"

namespace tenon {

inline std::string_view view(tenon_string text) { return {text.data, text.data == nullptr ? 0 : text.len}; }
inline tenon_string abi_string(std::string_view text) { return {text.data(), text.size()}; }
// Record i of an array with a stride.
template <typename T>
const T& strided(const T* first, uint32_t stride, uint64_t i) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const std::byte*>(first) + i * stride);
}

struct MemoryKind {
  std::string name;
  uint32_t flags = 0;      // TENON_MEMORY_HOST, TENON_MEMORY_HOST_MAPPABLE
  uint64_t alignment = 1;  // bytes
  uint64_t max_bytes = 0;  // 0: not known
};

struct Device {
  uint32_t id = 0;
  std::string name;
  uint32_t kind = TENON_DEVICE_CPU;
  uint32_t flags = 0;
  std::array<uint8_t, 16> uuid{};
  std::string driver;
  uint64_t bytes = 0;
  uint64_t max_allocation = 0;
  uint64_t import_kinds = 0;
  uint32_t nqueues = 1;
  std::vector<MemoryKind> memory_kinds;  // entry 0 is host memory; entry k is bit k of a mask
  bool software() const { return (flags & TENON_DEVICE_SOFTWARE) != 0; }
  bool async() const { return (flags & TENON_DEVICE_ASYNC) != 0; }
};

struct OptionDesc {
  std::string name;
  uint32_t type = TENON_OPTION_STRING;
  uint32_t flags = 0;
  std::string default_value;
  double min = 0, max = 0;
  std::vector<std::string> choices;
  std::string text;
};

using OptionList = std::vector<std::pair<std::string, std::string>>;

// Checks options against a schema and fills in defaults: the result has every option of the schema, in its order.
// OPTION: an unknown name (the message has the nearest), a value of the wrong type, out of range, none of the choices,
// or a name given twice with different values.
Result<OptionList> check_options(std::string_view provider, std::span<const OptionDesc> schema,
                                 const OptionList& options);

struct ProviderSessionConfig {
  uint32_t device = 0;                   // index into devices()
  OptionList options;                    // unchecked, as the user gave them
  uint32_t max_workers = 1;              // of any task of the session
  bool fusion = true;                    // false: single-node claims only
  std::shared_ptr<WeightStore> weights;  // the session's constants; required
};

class ProviderSession;

// Any thread, unless said otherwise.
class Provider {
 public:
  // What the loader has checked: `table` has all required functions, a full-size copy with NULL for what the provider's
  // record is too short for; `minor` was agreed. Reads devices, options and schemas, and checks them.
  static Result<std::unique_ptr<Provider>> open(Manifest manifest, std::string library, const tenon_provider& table,
                                                uint32_t minor);

  const Manifest& manifest() const { return manifest_; }
  const std::string& id() const { return manifest_.id; }
  const std::string& version() const { return manifest_.version; }
  const std::string& library() const { return library_; }  // absolute path
  const std::string& build() const { return build_; }      // compiler, ISA, revision: the provider's own words
  bool last_resort() const { return manifest_.last_resort; }
  bool fold() const { return manifest_.fold; }
  uint32_t minor() const { return minor_; }
  uint64_t features() const { return features_; }
  bool async() const { return (features_ & TENON_FEATURE_ASYNC) != 0; }
  const std::vector<Device>& devices() const { return devices_; }
  const std::vector<OptionDesc>& options() const { return options_; }
  const std::vector<const tenon_schema*>& schemas() const { return schemas_; }  // the provider's, for ever

  // Calls of the table with Status in place of a record. `self` is filled in.
  const tenon_provider& table() const { return table_; }
  Status infer(const tenon_node& node, tenon_shapes* shapes) const;
  Status copy(const tenon_copy& copy) const;  // UNSUPPORTED without the slot; may return before completion when async()
  // Estimated nanoseconds; UNSUPPORTED without the slot.
  Result<uint64_t> copy_cost(const tenon_copy& copy) const;

  // OPTION for options that the schema does not have (see check_options), INVALID_ARGUMENT for an unknown device; what
  // the provider answers otherwise.
  Result<std::shared_ptr<ProviderSession>> create_session(ProviderSessionConfig config);

 private:
  Provider() = default;
  Status read_devices();
  Status read_options();
  Status read_schemas();

  Manifest manifest_;
  std::string library_;
  std::string build_;
  tenon_provider table_{};
  uint32_t minor_ = 0;
  uint64_t features_ = 0;
  std::vector<Device> devices_;
  std::vector<OptionDesc> options_;
  std::vector<const tenon_schema*> schemas_;
};

// A session of a provider on one device. Shared by the regions compiled in it, which it outlives; destroyed with the
// last of them. query is T:one: callers of query_provider take turns.
class ProviderSession {
 public:
  ~ProviderSession();
  ProviderSession(const ProviderSession&) = delete;
  ProviderSession& operator=(const ProviderSession&) = delete;

  Provider& provider() const { return provider_; }
  const Device& device() const { return provider_.devices()[device_]; }
  uint32_t device_index() const { return device_; }
  WeightStore& weights() const { return *weights_; }
  tenon_provider_session* raw() const { return raw_; }
  bool fusion() const { return fusion_; }
  const OptionList& options() const { return options_; }  // all of the schema, defaults filled in
  // Held while query runs.
  std::mutex& query_mutex() { return query_mutex_; }

 private:
  friend class Provider;
  ProviderSession(Provider& provider, uint32_t device) : provider_(provider), device_(device) {}
  Provider& provider_;
  uint32_t device_;
  bool fusion_ = true;
  OptionList options_;
  std::shared_ptr<WeightStore> weights_;
  std::mutex query_mutex_;
  tenon_host_session host_;
  tenon_provider_session* raw_ = nullptr;
};

// `status` of a provider's function, with the provider's id in its fields and before its message.
Status provider_status(const Provider& provider, int32_t code, const tenon_status& status);
// A violation of a numbered rule of the ABI: PROVIDER_RULE, "provider 'x' breaks rule 6: ...".
Status rule_broken(std::string_view provider, uint32_t rule, std::string_view text);
// A zeroed record to hand to a provider's function.
inline tenon_status new_status() {
  tenon_status status;
  status.size = sizeof status;
  status.reserved = 0;
  status.code = TENON_OK;
  status.vendor_code = 0;
  status.len = 0;
  status.reserved2 = 0;
  status.msg[0] = '\0';
  return status;
}

// Calls a provider's function: call(tenon_status*) returns its code. What it throws breaks rule 1 and stops here.
template <typename Call>
Status call_provider(const Provider& provider, Call&& call) {
  tenon_status status = new_status();
  int32_t code;
  try {
    code = call(&status);
  } catch (...) {
    return rule_broken(provider.id(), 1, "lets a C++ exception out of a function of its table");
  }
  return code == TENON_OK ? Status() : provider_status(provider, code, status);
}

}  // namespace tenon
