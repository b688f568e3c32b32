// SPDX-License-Identifier: Apache-2.0
#include "core/host/provider.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "core/base/checked.hpp"

namespace tenon {
namespace {

constexpr uint32_t kMaxDevices = 256;
constexpr uint32_t kMaxList = 4096;  // options, choices, schemas, attributes

}  // namespace

Status provider_status(const Provider& provider, int32_t code, const tenon_status& status) {
  if (code == TENON_OK) {
    return {};
  }
  return Status::read(code, status).prefixed("provider '" + provider.id() + "': ").with_provider(provider.id());
}

Status rule_broken(std::string_view provider, uint32_t rule, std::string_view text) {
  return Status(TENON_PROVIDER_RULE, "provider '" + std::string(provider) + "' breaks rule " + std::to_string(rule) +
                                         ": " + std::string(text))
      .with_provider(std::string(provider));
}

Result<std::unique_ptr<Provider>> Provider::open(Manifest manifest, std::string library, const tenon_provider& table,
                                                 uint32_t minor) {
  std::unique_ptr<Provider> provider(new Provider);
  provider->manifest_ = std::move(manifest);
  provider->library_ = std::move(library);
  provider->table_ = table;
  provider->minor_ = minor;
  provider->features_ = table.info->features;
  provider->build_ = view(table.info->build);
  TENON_RETURN_IF_ERROR(provider->read_devices());
  TENON_RETURN_IF_ERROR(provider->read_options());
  TENON_RETURN_IF_ERROR(provider->read_schemas());
  return provider;
}

namespace {

Result<Device> read_device(const tenon_device& from, uint32_t index, const std::string& id) {
  const auto broken = [&](const std::string& text) {
    return rule_broken(id, 9, "device " + std::to_string(index) + " " + text);
  };
  if (from.size < sizeof(tenon_device)) {
    return rule_broken(id, 2,
                       "device " + std::to_string(index) + " has size " + std::to_string(from.size) +
                           ", expected at least " + std::to_string(sizeof(tenon_device)));
  }
  if (from.id != index) {
    return broken("has the id " + std::to_string(from.id));
  }
  if (from.nmemory_kinds < 1 || from.nmemory_kinds > 32 || from.memory_kinds == nullptr ||
      from.memory_kind_stride < sizeof(tenon_memory_kind)) {
    return broken("has " + std::to_string(from.nmemory_kinds) + " memory kinds, expected 1 to 32 of them");
  }
  Device device;
  device.id = index;
  device.name = view(from.name);
  device.kind = from.kind;
  device.flags = from.flags;
  std::copy(std::begin(from.uuid), std::end(from.uuid), device.uuid.begin());
  device.driver = view(from.driver);
  device.bytes = from.bytes;
  device.max_allocation = from.max_allocation;
  device.import_kinds = from.import_kinds;
  device.nqueues = from.nqueues;
  if (device.nqueues < 1) {
    return broken("has no queue");
  }
  for (uint32_t k = 0; k < from.nmemory_kinds; ++k) {
    const tenon_memory_kind& kind = strided(from.memory_kinds, from.memory_kind_stride, k);
    if (!is_power_of_two(kind.alignment) || kind.alignment > (1u << 20)) {
      return broken("has memory kind " + std::to_string(k) + " aligned to " + std::to_string(kind.alignment) +
                    " bytes, expected a power of two up to 1 MiB");
    }
    device.memory_kinds.push_back({std::string(view(kind.name)), kind.flags, kind.alignment, kind.max_bytes});
  }
  if ((device.memory_kinds[0].flags & TENON_MEMORY_HOST) == 0) {
    return broken("has a memory kind 0 that is not host memory");
  }
  return device;
}

}  // namespace

Status Provider::read_devices() {
  uint32_t n = 0;
  std::vector<tenon_device> records(kMaxDevices);
  for (tenon_device& record : records) {
    record = {};
    record.size = sizeof record;
  }
  TENON_RETURN_IF_ERROR(call_provider(*this, [&](tenon_status* status) {
    return table_.devices(table_.self, records.data(), sizeof(tenon_device), kMaxDevices, &n, status);
  }));
  if (n > kMaxDevices) {
    return rule_broken(id(), 9, "reports " + std::to_string(n) + " devices, at most " + std::to_string(kMaxDevices));
  }
  for (uint32_t i = 0; i < n; ++i) {
    TENON_ASSIGN_OR_RETURN(Device device, read_device(records[i], i, id()));
    devices_.push_back(std::move(device));
  }
  const bool own_memory = std::any_of(devices_.begin(), devices_.end(), [](const Device& device) {
    return std::any_of(device.memory_kinds.begin(), device.memory_kinds.end(),
                       [](const MemoryKind& kind) { return (kind.flags & TENON_MEMORY_HOST) == 0; });
  });
  if (own_memory && (table_.mem_alloc == nullptr || table_.mem_free == nullptr || table_.copy == nullptr)) {
    return rule_broken(id(), 9,
                       "a device has memory that the host cannot make, but mem_alloc, mem_free or copy is NULL");
  }
  return {};
}

Status Provider::read_options() {
  if (table_.options == nullptr) {
    return {};
  }
  const tenon_option_desc* records = nullptr;
  uint32_t stride = 0, n = 0;
  if (const int32_t code = table_.options(table_.self, &records, &stride, &n); code != TENON_OK) {
    return rule_broken(id(), 14, std::string("options failed with ") + code_name(code));
  }
  if (n > kMaxList || (n > 0 && (records == nullptr || stride < sizeof(tenon_option_desc)))) {
    return rule_broken(id(), 14, "the array of options is NULL, too long, or its stride too small");
  }
  std::set<std::string> names;
  for (uint32_t i = 0; i < n; ++i) {
    const tenon_option_desc& from = strided(records, stride, i);
    OptionDesc to;
    to.name = view(from.name);
    to.type = from.type;
    to.flags = from.flags;
    to.default_value = view(from.default_value);
    to.min = from.min;
    to.max = from.max;
    to.text = view(from.text);
    if (to.name.empty() || !names.insert(to.name).second) {
      return rule_broken(id(), 14, "option " + std::to_string(i) + " has no name or one that is taken");
    }
    if (to.type > TENON_OPTION_CHOICE || from.nchoices > kMaxList || (from.nchoices > 0 && from.choices == nullptr)) {
      return rule_broken(id(), 14, "option '" + to.name + "' has an unknown type or a bad list of choices");
    }
    for (uint32_t k = 0; k < from.nchoices; ++k) {
      to.choices.emplace_back(view(from.choices[k]));
    }
    // The provider's own default must pass its own check.
    const Result<OptionList> checked = check_options(id(), std::span(&to, 1), {{to.name, to.default_value}});
    if (!checked.ok()) {
      return rule_broken(id(), 14, "default of " + checked.status().message());
    }
    options_.push_back(std::move(to));
  }
  return {};
}

Status Provider::read_schemas() {
  if (table_.schemas == nullptr) {
    return {};
  }
  const tenon_schema* records = nullptr;
  uint32_t stride = 0, n = 0;
  if (const int32_t code = table_.schemas(table_.self, &records, &stride, &n); code != TENON_OK) {
    return rule_broken(id(), 15, std::string("schemas failed with ") + code_name(code));
  }
  if (n > kMaxList || (n > 0 && (records == nullptr || stride < sizeof(tenon_schema)))) {
    return rule_broken(id(), 15, "the array of schemas is NULL, too long, or its stride too small");
  }
  for (uint32_t i = 0; i < n; ++i) {
    const tenon_schema& schema = strided(records, stride, i);
    const std::string name = std::string(view(schema.domain)) + "." + std::string(view(schema.op));
    if (view(schema.domain).empty() || view(schema.op).empty() || schema.since_version == 0) {
      return rule_broken(id(), 15, "schema " + std::to_string(i) + " lacks domain, operator or version");
    }
    if (view(schema.domain) == "ai.onnx") {
      return rule_broken(id(), 15, "schema " + name + " is in ONNX's own domain");
    }
    if (schema.min_inputs > schema.max_inputs || schema.min_outputs > schema.max_outputs || schema.max_outputs == 0 ||
        schema.nattributes > kMaxList ||
        (schema.nattributes > 0 &&
         (schema.attributes == nullptr || schema.attribute_stride < sizeof(tenon_attribute)))) {
      return rule_broken(id(), 15, "schema " + name + " has ranges or attributes that cannot be");
    }
    schemas_.push_back(&schema);
  }
  return {};
}

Status Provider::infer(const tenon_node& node, tenon_shapes* shapes) const {
  return call_provider(*this, [&](tenon_status* status) { return table_.infer(table_.self, &node, shapes, status); });
}

Status Provider::copy(const tenon_copy& copy) const {
  if (table_.copy == nullptr) {
    return Status(TENON_UNSUPPORTED, "provider '" + id() + "' copies nothing").with_provider(id());
  }
  return call_provider(*this, [&](tenon_status* status) { return table_.copy(table_.self, &copy, status); });
}

Result<uint64_t> Provider::copy_cost(const tenon_copy& copy) const {
  if (table_.copy_cost == nullptr) {
    return Status(TENON_UNSUPPORTED, "provider '" + id() + "' estimates no copies").with_provider(id());
  }
  uint64_t ns = 0;
  TENON_RETURN_IF_ERROR(
      call_provider(*this, [&](tenon_status* status) { return table_.copy_cost(table_.self, &copy, &ns, status); }));
  return ns;
}

Result<std::shared_ptr<ProviderSession>> Provider::create_session(ProviderSessionConfig config) {
  if (config.device >= devices_.size()) {
    return Status(TENON_INVALID_ARGUMENT, "provider '" + id() + "' has no device " + std::to_string(config.device) +
                                              "; it has " + std::to_string(devices_.size()))
        .with_provider(id());
  }
  TENON_ASSIGN_OR_RETURN(OptionList options, check_options(id(), options_, config.options));
  std::shared_ptr<ProviderSession> session(new ProviderSession(*this, config.device));
  session->fusion_ = config.fusion;
  session->options_ = std::move(options);
  session->weights_ = std::move(config.weights);
  session->host_.weights = session->weights_.get();
  std::vector<tenon_option> records;
  for (const auto& [name, value] : session->options_) {
    records.push_back({abi_string(name), abi_string(value)});
  }
  tenon_session_desc desc{};
  desc.size = sizeof desc;
  desc.device = config.device;
  desc.host_session = &session->host_;
  desc.options = records.data();
  desc.noptions = static_cast<uint32_t>(records.size());
  desc.option_stride = sizeof(tenon_option);
  desc.max_workers = std::max(config.max_workers, 1u);
  desc.flags = config.fusion ? 0 : TENON_SESSION_NO_FUSION;
  tenon_provider_session* raw = nullptr;
  TENON_RETURN_IF_ERROR(call_provider(
      *this, [&](tenon_status* status) { return table_.session_create(table_.self, &desc, &raw, status); }));
  session->raw_ = raw;
  if (session->raw_ == nullptr) {
    return rule_broken(id(), 16, "session_create succeeded without a session");
  }
  return session;
}

ProviderSession::~ProviderSession() {
  if (raw_ != nullptr) {
    provider_.table().session_destroy(raw_);
  }
}

}  // namespace tenon
