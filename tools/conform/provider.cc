// SPDX-License-Identifier: Apache-2.0
#include "provider.hpp"

#include <dlfcn.h>

#include <cstddef>
#include <cstring>
#include <exception>

namespace tenon::conform {

namespace {

constexpr unsigned char kBehind = 0x5B;

#define SLOT(name, required, with) \
  Slot { #name, offsetof(tenon_provider, name), required, with }

bool has_slot(const tenon_provider& table, std::string_view name) {
  void* function = nullptr;
  for (const Slot& s : slots()) {
    if (s.name == name) std::memcpy(&function, reinterpret_cast<const char*>(&table) + s.offset, sizeof(function));
  }
  return function != nullptr;
}

}  // namespace

StatusBox::StatusBox() {
  std::memset(this, 0, sizeof(*this));
  std::memset(behind_, kBehind, sizeof(behind_));
  status_.size = sizeof(status_);
  status_.code = -77;  // nobody's code
  std::memset(status_.msg, '?', sizeof(status_.msg));
}

int32_t StatusBox::check(Reporter& report, int32_t code, const std::string& what) const {
  for (const unsigned char c : behind_) {
    if (c != kBehind) report.fail(13, what, " wrote past the end of the status");
  }
  if (status_.size != sizeof(status_)) report.fail(13, what, " changed the size field of the status");
  if (code < TENON_OK || code > TENON_PROVIDER_RULE) report.fail(13, what, " returned the unknown code ", code);
  if (code == TENON_OK) return code;
  if (status_.code != code) {
    report.fail(13, what, " returned code ", code, " and left ", status_.code, " in the status");
  }
  if (status_.len >= TENON_STATUS_TEXT || status_.msg[status_.len] != '\0') {
    report.fail(13, what, ": the text of the status has length ", status_.len, " and no zero there");
  } else if (status_.len == 0) {
    report.fail(13, what, " returned code ", code, " without a text");
  }
  return code;
}

tenon_provider_entry_fn load_entry(Reporter& report, const std::string& path) {
  report.step("loading ", path);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    report.fail(5, "the library does not load: ", std::string_view(dlerror()));
    return nullptr;
  }
  void* entry = dlsym(library, TENON_ABI_ENTRY);
  if (entry == nullptr) report.fail(5, "the library exports no " TENON_ABI_ENTRY);
  return reinterpret_cast<tenon_provider_entry_fn>(entry);
}

tenon_host_range full_range() {
  tenon_host_range range{};
  range.size = sizeof(range);
  range.generation = TENON_ABI_GENERATION;
  range.max_minor = TENON_ABI_MINOR;
  return range;
}

const std::vector<Slot>& slots() {
  static const std::vector<Slot> all = {
      SLOT(devices, true, nullptr),
      SLOT(options, false, nullptr),
      SLOT(schemas, false, "infer"),
      SLOT(infer, false, "schemas"),
      SLOT(session_create, true, nullptr),
      SLOT(session_destroy, true, nullptr),
      SLOT(query, true, nullptr),
      SLOT(compile, true, nullptr),
      SLOT(prepack, false, "bind_packed"),
      SLOT(bind_packed, false, "prepack"),
      SLOT(prepare, false, "prepared_destroy"),
      SLOT(prepared_destroy, false, "prepare"),
      SLOT(execute, true, nullptr),
      SLOT(exec_destroy, true, nullptr),
      SLOT(mem_alloc, false, "mem_free"),
      SLOT(mem_free, false, "mem_alloc"),
      SLOT(mem_map, false, "mem_unmap"),
      SLOT(mem_unmap, false, "mem_map"),
      SLOT(layout_bytes, false, "copy"),
      SLOT(copy, false, nullptr),
      SLOT(copy_cost, false, "copy"),
      SLOT(sync_create, false, "sync_wait"),
      SLOT(sync_wait, false, "sync_signal"),
      SLOT(sync_signal, false, "sync_destroy"),
      SLOT(sync_destroy, false, "sync_create"),
      SLOT(get_extension, false, nullptr),
  };
  return all;
}

Provider::Provider(Reporter& report, Host& host, const Manifest& manifest) : report_(report), host_(host) {
  const tenon_provider_entry_fn entry = load_entry(report, manifest.library_path(*manifest.chosen()));
  if (entry == nullptr) return;
  report.step("calling the entry");
  const tenon_host_range range = full_range();
  const tenon_provider* table = nullptr;
  StatusBox status;
  const int32_t code = status.check(report, entry(host.table(), &range, &table, status.get()), "the entry");
  if (code != TENON_OK) {
    report.fail(2, "the entry refused generation 0, minor 0, with code ", code, ": ", status.text());
    return;
  }
  if (table == nullptr) {
    report.fail(16, "the entry returned TENON_OK and no table");
    return;
  }
  std::memcpy(&table_, table, std::min<size_t>(table->size, sizeof(table_)));
  for (const Slot& slot : slots()) {
    if (slot.required && !has_slot(table_, slot.name)) {
      report.fail(2, "the table (size ", table->size, ") has no ", std::string_view(slot.name), ", which is required");
      return;
    }
  }
  for (const Slot& slot : slots()) {
    if (slot.with == nullptr || !has_slot(table_, slot.name) || has_slot(table_, slot.with)) continue;
    report.fail(2, "the table has ", std::string_view(slot.name), " and no ", std::string_view(slot.with));
    return;
  }
  if (table_.info == nullptr) {
    report.fail(2, "the table has no info");
    return;
  }
  std::memcpy(&info_, table_.info, std::min<size_t>(table_.info->size, sizeof(info_)));
  opened_ = true;
  read_lists();
}

void Provider::read_lists() {
  report_.step("listing devices and options");
  uint32_t n = 0;
  StatusBox status;
  int32_t code = table_.devices(self(), nullptr, sizeof(tenon_device), 0, &n, status.get());
  if (status.check(report_, code, "devices") != TENON_OK || n > 1024) n = 0;
  if (n != 0) {
    devices_.resize(n + 8);  // a provider that ignores the capacity is found out later, and must not hurt us here
    code = table_.devices(self(), devices_.data(), sizeof(tenon_device), n, &n, status.get());
    if (status.check(report_, code, "devices") != TENON_OK) n = 0;
  }
  devices_.resize(std::min<size_t>(n, devices_.size()));
  uint32_t stride = 0;
  const tenon_option_desc* options = nullptr;
  if (table_.options != nullptr && table_.options(self(), &options, &stride, &n) == TENON_OK && n < 4096) {
    for (const auto& o : plugin::Records<const tenon_option_desc>(options, n, stride)) options_.push_back(o);
  }
  const tenon_schema* schemas = nullptr;
  if (table_.schemas != nullptr && table_.schemas(self(), &schemas, &stride, &n) == TENON_OK && n < 4096) {
    for (const auto& s : plugin::Records<const tenon_schema>(schemas, n, stride)) schemas_.push_back(s);
  }
}

std::vector<tenon_memory_kind> Provider::memory_kinds(const tenon_device& device) const {
  std::vector<tenon_memory_kind> out;
  for (const auto& k :
       plugin::Records<const tenon_memory_kind>(device.memory_kinds, device.nmemory_kinds, device.memory_kind_stride)) {
    out.push_back(k);
  }
  return out;
}

Session::Session(const Provider& provider, const GraphSpec& graph, Settings settings)
    : provider_(provider), graph_(graph), settings_(std::move(settings)) {
  weights_ = make_host_session(provider.host(), graph_);
  std::vector<tenon_option> options;
  for (const tenon_option_desc& o : provider.options()) {
    tenon_option value{o.name, o.default_value};
    for (const auto& [name, text] : settings_.options) {
      if (name == plugin::view(o.name)) value.value = plugin::str(text);
    }
    options.push_back(value);
  }
  tenon_session_desc desc{};
  desc.size = sizeof(desc);
  desc.device = settings_.device;
  desc.host_session = weights_.get();
  desc.options = options.data();
  desc.noptions = static_cast<uint32_t>(options.size());
  desc.option_stride = sizeof(tenon_option);
  desc.max_workers = 4;
  desc.flags = settings_.flags;
  StatusBox status;
  Reporter& report = provider.report();
  report.step("session_create");
  code_ = status.check(report, provider.table().session_create(provider.self(), &desc, &session_, status.get()),
                       "session_create");
  if (code_ != TENON_OK) {
    session_ = nullptr;
    error_ = status.text();
  } else if (session_ == nullptr) {
    report.fail(16, "session_create returned TENON_OK and no session");
  }
}

Session::~Session() {
  // While an exception passes, what it came out of is the step to tell.
  if (std::uncaught_exceptions() == 0) provider_.report().step("session_destroy");
  if (session_ != nullptr) provider_.table().session_destroy(session_);
}

tenon_sink Session::query(uint32_t gap) {
  Reporter& report = provider_.report();
  const GraphRecords records(graph_, gap);
  tenon_sink sink;
  sink.host = &provider_.host();
  sink.open = true;
  std::string ops;
  for (const NodeSpec& n : graph_.nodes) ops += plugin::cat(ops.empty() ? "" : ", ", n.op);
  report.step("query of a graph of ", ops);
  provider_.host().set_phase(Phase::query);
  StatusBox status;
  const int32_t code =
      status.check(report, provider_.table().query(session_, records.get(), &sink, status.get()), "query");
  provider_.host().set_phase(Phase::other);
  if (code != TENON_OK)
    report.fail(6, "query of a valid graph of ", ops, " failed with code ", code, ": ", status.text());
  sink.open = false;
  return sink;
}

}  // namespace tenon::conform
