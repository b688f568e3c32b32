// SPDX-License-Identifier: Apache-2.0
#include "core/api/env.hpp"

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "core/api/error.hpp"
#include "core/api/text.hpp"
#include "core/base/log.hpp"
#include "core/base/memory.hpp"
#include "core/host/packed.hpp"

namespace json = boost::json;
using tenon::Status;
using tenon::api::bad_argument;
using tenon::api::guarded;

namespace {

void forward_log(void* arg, uint32_t level, std::string_view text) {
  const auto* env = static_cast<const tenon_env*>(arg);
  env->log(env->log_user, level, {text.data(), text.size()});
}

Status create(const tenon_env_desc* given, tenon_env** out) {
  tenon_env_desc desc = {};
  if (given != nullptr) {
    if (given->size < sizeof desc) {
      return bad_argument("tenon_env_create: size is " + std::to_string(given->size) +
                          ", expected sizeof(tenon_env_desc)");
    }
    desc = *given;
  }
  if (desc.log_level > TENON_LOG_DEBUG || desc.threads > tenon::ThreadPool::kMaxWorkers ||
      (desc.nprovider_dirs > 0 && desc.provider_dirs == nullptr)) {
    return bad_argument("tenon_env_create: log_level is above 4, threads above 1024, or provider_dirs is NULL");
  }
  std::vector<std::string> folders;
  for (uint32_t i = 0; i < desc.nprovider_dirs; ++i) {
    folders.emplace_back(tenon::api::view(desc.provider_dirs[i]));
  }
  auto env = std::make_unique<tenon_env>();
  env->registry = std::make_unique<tenon::ProviderRegistry>(std::move(folders), desc.no_default_dirs != 0);
  env->pool = desc.threads == 0 ? tenon::ThreadPool::shared() : std::make_shared<tenon::ThreadPool>(desc.threads);
  if (desc.log_level != 0) {
    tenon::set_log_level(desc.log_level);
  }
  if (desc.log != nullptr) {
    env->log = desc.log;
    env->log_user = desc.log_user;
    tenon::set_log_callback(forward_log, env.get());
  }
  *out = env.release();
  return {};
}

json::object device_json(const tenon::Device& device) {
  static constexpr const char* kKinds[] = {"unknown", "cpu", "gpu", "npu", "other"};
  json::array flags;
  if (device.software()) {
    flags.emplace_back("software");
  }
  if (device.async()) {
    flags.emplace_back("async");
  }
  json::array memory;
  for (const tenon::MemoryKind& kind : device.memory_kinds) {
    memory.push_back({{"name", kind.name}, {"alignment", kind.alignment}, {"max_bytes", kind.max_bytes}});
  }
  return {{"id", device.id},
          {"name", device.name},
          {"kind", kKinds[device.kind < 5 ? device.kind : 0]},
          {"flags", std::move(flags)},
          {"driver", device.driver},
          {"memory_bytes", device.bytes},
          {"queues", device.nqueues},
          {"memory_kinds", std::move(memory)}};
}

json::object option_json(const tenon::OptionDesc& option) {
  static constexpr const char* kTypes[] = {"text", "int", "float", "bool", "choice"};
  json::object out = {{"name", option.name},
                      {"type", kTypes[option.type < 5 ? option.type : 0]},
                      {"default", option.default_value},
                      {"text", option.text},
                      {"affects_cache", (option.flags & TENON_OPTION_AFFECTS_CACHE) != 0}};
  if (option.type == TENON_OPTION_INT || option.type == TENON_OPTION_FLOAT) {
    out["min"] = option.min;
    out["max"] = option.max;
  }
  json::array choices;
  for (const std::string& choice : option.choices) {
    choices.emplace_back(choice);
  }
  out["choices"] = std::move(choices);
  return out;
}

json::object provider_json(tenon_env& env, const tenon::DiscoveredProvider& found) {
  json::object out = {{"id", found.id},
                      {"version", found.version},
                      {"manifest", found.path},
                      {"library", ""},
                      {"state", tenon::provider_state_name(found.state)},
                      {"origin", found.origin},
                      {"reason", found.reason}};
  json::array roles;
  if (found.manifest && found.manifest->last_resort) {
    roles.emplace_back("last-resort");
  }
  if (found.manifest && found.manifest->fold) {
    roles.emplace_back("fold");
  }
  json::array devices;
  json::array options;
  if (found.state == tenon::ProviderState::loaded) {
    const auto provider = env.registry->open(found.id);
    if (provider.ok()) {
      out["library"] = (*provider)->library();
      out["build"] = (*provider)->build();
      for (const tenon::Device& device : (*provider)->devices()) {
        devices.push_back(device_json(device));
      }
      for (const tenon::OptionDesc& option : (*provider)->options()) {
        options.push_back(option_json(option));
      }
    }
  }
  out["roles"] = std::move(roles);
  out["devices"] = std::move(devices);
  out["options"] = std::move(options);
  return out;
}

}  // namespace

tenon_env::~tenon_env() {
  if (log != nullptr) {
    tenon::set_log_callback(nullptr, nullptr);
  }
}

extern "C" {

int32_t tenon_env_create(const tenon_env_desc* desc, tenon_env** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (out == nullptr) {
      return bad_argument("tenon_env_create: out is NULL");
    }
    return create(desc, out);
  });
}

void tenon_env_retain(tenon_env* env) {
  if (env != nullptr) {
    env->references.fetch_add(1, std::memory_order_relaxed);
  }
}

void tenon_env_release(tenon_env* env) {
  if (env != nullptr && env->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete env;
  }
}

int32_t tenon_env_add_provider(tenon_env* env, tenon_string manifest_path, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (env == nullptr) {
      return bad_argument("tenon_env_add_provider: env is NULL");
    }
    return env->registry->add(std::string(tenon::api::view(manifest_path)));
  });
}

int32_t tenon_env_providers_json(tenon_env* env, uint32_t load, tenon_text** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (env == nullptr || out == nullptr) {
      return bad_argument("tenon_env_providers_json: env or out is NULL");
    }
    if (load != 0) {
      env->registry->open_all();
    }
    json::array list;
    for (const tenon::DiscoveredProvider& found : env->registry->list()) {
      list.push_back(provider_json(*env, found));
    }
    *out = tenon::api::make_text(json::serialize(list));
    return {};
  });
}

int32_t tenon_env_memory_json(tenon_env* env, tenon_text** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (env == nullptr || out == nullptr) {
      return bad_argument("tenon_env_memory_json: env or out is NULL");
    }
    const tenon::MemoryStats stats = tenon::Memory::process().stats();
    const json::object record = {{"current", stats.current},
                                 {"peak", stats.peak},
                                 {"weights", env->weights.load(std::memory_order_relaxed)},
                                 {"packed", tenon::packed_weight_bytes()},
                                 {"cached", stats.cached},
                                 {"allocations", stats.allocations},
                                 {"threads", env->pool->workers()}};
    *out = tenon::api::make_text(json::serialize(record));
    return {};
  });
}

int32_t tenon_env_trim(tenon_env* env, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (env == nullptr) {
      return bad_argument("tenon_env_trim: env is NULL");
    }
    tenon::Memory::trim();
    return {};
  });
}

}  // extern "C"
