// SPDX-License-Identifier: Apache-2.0
#include "compiled.hpp"

#include <algorithm>
#include <exception>

namespace tenon::conform {

namespace {

constexpr uint64_t kMostWorkspace = uint64_t{1} << 32;  // bytes; the cases are of a few thousand elements

bool is_power_of_two(uint64_t n) { return n != 0 && (n & (n - 1)) == 0; }

std::string name_of(const GraphSpec& region, const std::string& case_name) {
  std::string ops;
  for (const NodeSpec& n : region.nodes) ops += plugin::cat(ops.empty() ? "" : "+", n.op);
  return plugin::cat(ops, " of the case '", case_name, "'");
}

}  // namespace

Compiled::Compiled(Session& session, const Case& what, const ClaimCopy& claim, PackStore* packs)
    : session_(session),
      provider_(session.provider()),
      report_(session.provider().report()),
      case_(what),
      region_(make_region(session.graph(), claim)) {
  name_ = name_of(region_, what.name);
  agree_rules(claim);
  original_gone_.assign(region_.inputs.size(), false);
  const GraphRecords records(region_, 0);
  tenon_region region{};
  region.size = sizeof(region);
  region.device = claim.device;
  region.claim = claim.id;
  region.graph = records.get();
  region.rules = rules_.data();
  region.nrules = static_cast<uint32_t>(rules_.size());
  region.rule_stride = sizeof(tenon_value_rule);
  tenon_task task;
  task.host = &provider_.host();
  info_.size = sizeof(info_);
  StatusBox status;
  report_.step("compile of ", name_);
  provider_.host().set_phase(Phase::compile);
  const int32_t code = status.check(
      report_, provider_.table().compile(session.get(), &region, &task, &exec_, &info_, status.get()), "compile");
  provider_.host().set_phase(Phase::other);
  if (code == TENON_DECLINED) {
    state_ = State::declined;
    return;
  }
  if (code != TENON_OK) {
    report_.fail(7, "compile of ", name_, " returned code ", code, " (", status.text(),
                 "); a claim is taken back with TENON_DECLINED");
    exec_ = nullptr;
    return;
  }
  if (exec_ == nullptr) {
    report_.fail(16, "compile of ", name_, " returned TENON_OK and no exec");
    return;
  }
  state_ = State::ready;
  check_info();
  if (!prepack(packs)) state_ = State::failed;
}

Compiled::~Compiled() {
  if (std::uncaught_exceptions() == 0) report_.step("exec_destroy of ", name_);
  if (exec_ != nullptr) provider_.table().exec_destroy(exec_);
}

void Compiled::agree_rules(const ClaimCopy& claim) {
  const auto add = [&](uint32_t local) {
    tenon_value_rule rule{};
    for (const tenon_value_rule& r : claim.rules) {
      if (r.value == region_.values[local].origin) rule = r;
    }
    rule.value = local;
    rules_.push_back(rule);
  };
  for (const uint32_t id : region_.inputs) add(id);
  for (const uint32_t id : region_.outputs) add(id);
}

bool Compiled::any_rule(uint32_t flag) const {
  return std::any_of(rules_.begin(), rules_.end(), [&](const tenon_value_rule& r) { return (r.flags & flag) != 0; });
}

void Compiled::check_info() {
  if (info_.workspace_align != 0 && !is_power_of_two(info_.workspace_align)) {
    report_.fail(8, "compile of ", name_, " asks for a workspace aligned to ", info_.workspace_align);
    info_.workspace_align = 0;
  }
  if (info_.workspace_bytes > kMostWorkspace) {
    report_.fail(8, "compile of ", name_, " asks for a workspace of ", info_.workspace_bytes, " bytes");
    state_ = State::failed;
  }
  for (const tenon_alias& a : plugin::Records<const tenon_alias>(info_.aliases, info_.naliases, info_.alias_stride)) {
    if (a.output >= region_.outputs.size() || a.input >= region_.inputs.size() || a.kind != TENON_ALIAS_MAY) {
      report_.fail(8, "compile of ", name_, " names an alias of output ", a.output, " and input ", a.input, " of kind ",
                   a.kind);
    }
  }
  check_packs();
}

void Compiled::check_packs() {
  if (info_.npacks != 0 && provider_.table().prepack == nullptr) {
    report_.fail(11, "compile of ", name_, " asks for packs, and there is no prepack");
    info_.npacks = 0;
  }
  const tenon_device& device = session_.device();
  for (const tenon_pack_request& r : requests()) {
    const bool known = std::any_of(region_.values.begin(), region_.values.end(),
                                   [&](const ValueSpec& v) { return v.constant && v.const_id == r.const_id; });
    const std::string where = plugin::cat("compile of ", name_, " asks for a pack of constant ", r.const_id);
    if (!known) report_.fail(11, where, ", which the region does not have");
    if (r.memory_kind >= device.nmemory_kinds) report_.fail(11, where, " in memory kind ", r.memory_kind);
    if (!is_power_of_two(r.align)) report_.fail(11, where, " aligned to ", r.align);
    if (r.key.len == 0) report_.fail(11, where, " without a key");
    if (!known || r.memory_kind >= device.nmemory_kinds || r.bytes > kMostWorkspace) state_ = State::failed;
  }
}

bool Compiled::prepack(PackStore* packs) {
  if (state_ != State::ready) return false;
  uint32_t index = 0;
  for (const tenon_pack_request& r : requests()) {
    if (!pack_one(index++, r, packs)) return false;
  }
  for (size_t i = 0; i < region_.inputs.size(); ++i) {
    const uint32_t id = region_.values[region_.inputs[i]].const_id;
    bool packed = false;
    bool needed = false;
    for (const tenon_pack_request& r : requests()) {
      packed = packed || r.const_id == id;
      needed = needed || (r.const_id == id && r.original_needed != 0);
    }
    original_gone_[i] = id != TENON_NO_ID && packed && !needed;
    // From now on a look at the original is a crash.
    if (!original_gone_[i]) continue;
    for (Buffer& b : session_.weights().weights[id].given) b.make_unreadable();
  }
  return true;
}

bool Compiled::pack_one(uint32_t index, const tenon_pack_request& r, PackStore* packs) {
  const auto key = std::make_pair(r.const_id, std::string(plugin::view(r.key)));
  std::shared_ptr<Placed> memory;
  StatusBox status;
  if (packs != nullptr && packs->contains(key)) {
    memory = packs->at(key);
  } else {
    Placement where;
    where.rule.memory_mask = r.memory_kind == 0 ? 0 : 1u << r.memory_kind;
    where.rule.align = static_cast<uint32_t>(r.align);
    const auto bytes = static_cast<int64_t>(r.bytes);
    memory = std::make_shared<Placed>(provider_, session_.device().id, TENON_UINT8, std::vector<int64_t>{bytes}, where);
    if (!memory->made()) return false;
    tenon_task task;
    task.host = &provider_.host();
    report_.step("prepack of ", name_);
    provider_.host().set_phase(Phase::prepack);
    const int32_t code = status.check(
        report_, provider_.table().prepack(exec_, index, &memory->tensor(), &task, status.get()), "prepack");
    provider_.host().set_phase(Phase::other);
    if (code != TENON_OK) report_.fail(11, "prepack of ", name_, " failed with code ", code, ": ", status.text());
    const std::string damage = memory->damage();
    if (!damage.empty()) report_.fail(11, "prepack of ", name_, ": of its destination ", damage);
    if (code != TENON_OK) return false;
    if (packs != nullptr) (*packs)[key] = memory;
  }
  const int32_t code = status.check(
      report_, provider_.table().bind_packed(exec_, index, &memory->tensor(), status.get()), "bind_packed");
  if (code != TENON_OK) report_.fail(11, "bind_packed of ", name_, " failed with code ", code, ": ", status.text());
  packed_.push_back(std::move(memory));
  return code == TENON_OK;
}

Outcome Compiled::run(const std::map<uint32_t, Tensor>& values, const RunSettings& settings) const {
  Flight flight(*this, values, settings);
  flight.start();
  return flight.finish();
}

}  // namespace tenon::conform
