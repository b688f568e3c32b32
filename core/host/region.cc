// SPDX-License-Identifier: Apache-2.0
#include "core/host/region.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <unordered_map>

#include "core/base/check_task.hpp"
#include "core/base/checked.hpp"
#include "core/base/fp_guard.hpp"
#include "core/base/log.hpp"
#include "core/host/packed.hpp"

namespace tenon {
namespace {

constexpr uint64_t kMaxAlign = 1u << 20;
constexpr uint64_t kMaxPackedBytes = 1ull << 40;
// The widest packings known (transforms of 3x3 kernels, 4 bits to 32) take less than 16 times the weight.
constexpr uint64_t kMaxPackedTimes = 64;
constexpr uint64_t kSmallPackedBytes = 1u << 20;

std::vector<tenon_value_rule> abi_rules(std::span<const ValueRule> rules, const GraphView& view) {
  std::vector<tenon_value_rule> records;
  records.reserve(rules.size());
  for (const ValueRule& rule : rules) {
    tenon_value_rule record{};
    record.value = view.local_value(rule.value);
    record.memory_mask = rule.memory_mask;
    record.align = rule.align;
    record.flags = rule.flags;
    record.layout = rule.layout;
    records.push_back(record);
  }
  return records;
}

}  // namespace

Prepared::~Prepared() {
  if (raw_ != nullptr) {
    region_->provider().table().prepared_destroy(raw_);
  }
}

CompiledRegion::~CompiledRegion() {
  if (raw_ != nullptr) {
    provider().table().exec_destroy(raw_);
  }
}

Status CompiledRegion::named(Status status) const {
  return status.ok() ? status : status.with_node(node_path_, node_op_).with_provider(provider().id());
}

Result<std::shared_ptr<CompiledRegion>> CompiledRegion::compile(std::shared_ptr<ProviderSession> session,
                                                                const GraphView& view, const Claim& claim,
                                                                std::span<const ValueRule> rules, Task* task) {
  const Graph& graph = view.graph();
  std::shared_ptr<CompiledRegion> region(new CompiledRegion);
  region->session_ = std::move(session);
  region->inputs_ = claim.inputs;
  region->outputs_ = claim.outputs;
  region->nodes_ = claim.nodes;
  region->input_rules_.assign(rules.begin(), rules.begin() + static_cast<std::ptrdiff_t>(claim.inputs.size()));
  region->output_rules_.assign(rules.begin() + static_cast<std::ptrdiff_t>(claim.inputs.size()), rules.end());
  region->node_path_ = graph.path_of(claim.nodes.front());
  const Node& first = graph.nodes[claim.nodes.front()];
  region->node_op_ = first.domain + "." + first.op;

  TENON_ASSIGN_OR_RETURN(const GraphView crossing, GraphView::region(view, claim.nodes));
  const std::vector<tenon_value_rule> records = abi_rules(rules, view);
  tenon_region record{};
  record.size = sizeof record;
  record.device = claim.device;
  record.claim = claim.id;
  record.graph = &crossing.raw();
  record.rules = records.data();
  record.nrules = static_cast<uint32_t>(records.size());
  record.rule_stride = sizeof(tenon_value_rule);
  tenon_exec_info info{};
  info.size = sizeof info;
  Provider& provider = region->provider();
  TENON_RETURN_IF_ERROR(region->named(call_provider(provider, [&](tenon_status* status) {
    return provider.table().compile(region->session_->raw(), &record, task, &region->raw_, &info, status);
  })));
  if (region->raw_ == nullptr) {
    return region->named(rule_broken(provider.id(), 16, "compile succeeded without an exec"));
  }
  TENON_RETURN_IF_ERROR(region->named(region->take_info(info)));
  TENON_RETURN_IF_ERROR(region->named(region->pack_weights(graph, info, task)));
  TENON_RETURN_IF_ERROR(region->named(region->bind_constants(graph, task)));
  return region;
}

Status CompiledRegion::take_info(const tenon_exec_info& info) {
  const std::string& id = provider().id();
  if (info.size != sizeof info) {
    return rule_broken(id, 2, "compile changed the size of the info record");
  }
  workspace_align_ = info.workspace_align == 0 ? 64 : info.workspace_align;
  if (!is_power_of_two(workspace_align_) || workspace_align_ > kMaxAlign) {
    return rule_broken(
        id, 8, "workspace alignment " + std::to_string(info.workspace_align) + ", expected a power of two up to 1 MiB");
  }
  if (info.naliases > 0 && (info.aliases == nullptr || info.alias_stride < sizeof(tenon_alias))) {
    return rule_broken(id, 2, "compile reports aliases without an array, or with a stride that is too small");
  }
  for (uint32_t i = 0; i < info.naliases; ++i) {
    const tenon_alias& alias = strided(info.aliases, info.alias_stride, i);
    if (alias.output >= outputs_.size() || alias.input >= inputs_.size()) {
      return rule_broken(id, 8,
                         "an alias names output " + std::to_string(alias.output) + " or input " +
                             std::to_string(alias.input) + ", which the region does not have");
    }
    if (alias.kind == TENON_ALIAS_MAY) {  // others are reserved, and MAY be ignored
      aliases_.push_back(alias);
    }
  }
  max_concurrent_runs_ = info.max_concurrent_runs;
  workspace_bytes_ = info.workspace_bytes;
  kernel_ = view(info.kernel);
  return {};
}

Status CompiledRegion::pack_weights(const Graph& graph, const tenon_exec_info& info, Task* task) {
  const std::string& id = provider().id();
  const tenon_provider& table = provider().table();
  if (info.npacks > 0 && (info.packs == nullptr || info.pack_stride < sizeof(tenon_pack_request))) {
    return rule_broken(id, 11, "compile reports packs without an array, or with a stride that is too small");
  }
  if (info.npacks > 0 && table.prepack == nullptr) {
    return rule_broken(id, 11, "compile asks for packs, but prepack is NULL");
  }
  // By constant: whether all requests for it do without the original.
  std::unordered_map<uint32_t, bool> original_needed;
  for (uint32_t i = 0; i < info.npacks; ++i) {
    const tenon_pack_request& request = strided(info.packs, info.pack_stride, i);
    const bool is_input = std::any_of(inputs_.begin(), inputs_.end(), [&](ValueId value) {
      return graph.values[value].constant != kNone && graph.values[value].constant == request.const_id;
    });
    const ConstantPtr constant = session_->weights().constant(request.const_id);
    if (!is_input || constant == nullptr) {
      return rule_broken(id, 11,
                         "pack " + std::to_string(i) + " is of constant " + std::to_string(request.const_id) +
                             ", which is not an input of the region");
    }
    if (request.memory_kind >= session_->device().memory_kinds.size() || request.bytes > kMaxPackedBytes ||
        (request.align != 0 && (!is_power_of_two(request.align) || request.align > kMaxAlign))) {
      return rule_broken(id, 11,
                         "pack " + std::to_string(i) + " asks for memory kind " + std::to_string(request.memory_kind) +
                             ", " + std::to_string(request.bytes) + " bytes aligned to " +
                             std::to_string(request.align));
    }
    if (request.bytes > kSmallPackedBytes && request.bytes / kMaxPackedTimes > constant->full_bytes()) {
      return rule_broken(id, 11,
                         "pack " + std::to_string(i) + " asks for " + std::to_string(request.bytes) +
                             " bytes for a weight of " + std::to_string(constant->full_bytes()));
    }
    TENON_RETURN_IF_ERROR(check_task(task, "weights were packed"));
    const PackingKey key{&provider(),
                         session_->device_index(),
                         request.memory_kind,
                         request.bytes,
                         std::max<uint64_t>(request.align, 1),
                         std::string(view(request.key))};
    TENON_ASSIGN_OR_RETURN(const std::shared_ptr<const PackedWeight> packed,
                           find_or_pack(key, constant, provider(), [&](const tenon_tensor& to) {
                             return call_provider(provider(), [&](tenon_status* status) {
                               return table.prepack(raw_, i, &to, task, status);
                             });
                           }));
    TENON_RETURN_IF_ERROR(call_provider(
        provider(), [&](tenon_status* status) { return table.bind_packed(raw_, i, &packed->tensor, status); }));
    packed_bytes_ += request.bytes;
    packed_.push_back(packed);
    original_needed[request.const_id] |= request.original_needed != 0;
    if (request.original_needed == 0) {
      release_pages(*constant);
    }
  }
  for (const auto& [constant, needed] : original_needed) {
    if (!needed) {
      session_->weights().drop_copies(constant);
    }
  }
  unpacked_.assign(inputs_.size(), true);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const auto found = original_needed.find(graph.values[inputs_[i]].constant);
    unpacked_[i] = found == original_needed.end() || found->second;
  }
  return {};
}

// Constants that the region reads as they are: aligned on the host, or uploaded once.
Status CompiledRegion::bind_constants(const Graph& graph, Task* task) {
  WeightStore& weights = session_->weights();
  constants_.resize(inputs_.size());
  is_constant_.assign(inputs_.size(), false);
  constant_dims_.resize(inputs_.size());
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const ConstantId id = graph.values[inputs_[i]].constant;
    if (id == kNone) {
      continue;
    }
    is_constant_[i] = true;
    const ConstantPtr constant = weights.constant(id);
    if (constant == nullptr) {
      return Status(TENON_INTERNAL, "constant " + std::to_string(id) + " of value '" + graph.values[inputs_[i]].name +
                                        "' is not in the session's weights");
    }
    constant_dims_[i] = constant->dims;
    const ValueRule& rule = input_rules_[i];
    tenon_tensor tensor = tensor_of(*constant);
    tensor.data = nullptr;
    tensor.bytes = 0;
    if (unpacked_[i]) {
      const bool on_host = (rule.memory_mask & 1) != 0 && rule.layout.kind == TENON_LAYOUT_DENSE;
      tenon_weight weight;
      TENON_RETURN_IF_ERROR(weights.get(id, rule.align, &weight));
      tensor = weight.tensor;
      if (on_host) {
        weights.keep(id);
      } else {
        TENON_RETURN_IF_ERROR(upload(rule, &tensor, task));
        release_pages(*constant);
      }
    }
    tensor.dims = constant_dims_[i].empty() ? nullptr : constant_dims_[i].data();
    constants_[i] = tensor;
  }
  return {};
}

Status CompiledRegion::upload(const ValueRule& rule, tenon_tensor* tensor, Task* task) {
  const uint32_t device = session_->device_index();
  TENON_ASSIGN_OR_RETURN(const uint64_t bytes,
                         layout_bytes(&provider(), rule.layout, tensor->dtype, tensor->dims, tensor->rank));
  tenon_tensor to = *tensor;
  to.layout = rule.layout;
  to.bytes = bytes;
  if ((rule.memory_mask & 1) != 0) {  // host memory in a layout of the provider's
    TENON_ASSIGN_OR_RETURN(Buffer buffer, Memory::process().allocate(bytes, std::max(rule.align, 64u), "a constant"));
    to.data = buffer.data();
    host_uploads_.push_back(std::move(buffer));
  } else {
    const uint32_t kind = static_cast<uint32_t>(__builtin_ctz(rule.memory_mask));
    TENON_ASSIGN_OR_RETURN(DeviceBuffer buffer, DeviceBuffer::allocate(provider(), device, kind, bytes, rule.align));
    to.data = nullptr;
    to.memory = buffer.memory();
    uploads_.push_back(std::move(buffer));
  }
  TENON_RETURN_IF_ERROR(copy_now({tensor}, {&to, &provider(), device}, task));
  *tensor = to;
  return {};
}

Result<std::shared_ptr<const Prepared>> CompiledRegion::prepare(tenon_shapes* shapes) {
  std::shared_ptr<Prepared> prepared(new Prepared);
  prepared->region_ = shared_from_this();
  prepared->workspace_bytes_ = workspace_bytes_;
  const tenon_provider& table = provider().table();
  if (table.prepare == nullptr) {
    return std::shared_ptr<const Prepared>(std::move(prepared));
  }
  // What is known before must be the same afterwards.
  std::vector<tenon_shape> before(shapes->noutputs);
  std::vector<int64_t> dims;
  for (uint32_t i = 0; i < shapes->noutputs; ++i) {
    before[i] = strided(shapes->outputs, shapes->output_stride, i);
    const uint32_t rank = before[i].rank == TENON_UNKNOWN_RANK ? 0 : before[i].rank;
    dims.insert(dims.end(), before[i].dims, before[i].dims + rank);
  }
  tenon_prepared_info info{};
  info.size = sizeof info;
  tenon_prepared* raw = nullptr;
  TENON_RETURN_IF_ERROR(named(call_provider(
      provider(), [&](tenon_status* status) { return table.prepare(raw_, shapes, &raw, &info, status); })));
  prepared->raw_ = raw;
  prepared->workspace_bytes_ = info.workspace_bytes;
  const int64_t* known = dims.data();
  for (uint32_t i = 0; i < shapes->noutputs; ++i) {
    const tenon_shape& after = strided(shapes->outputs, shapes->output_stride, i);
    TENON_RETURN_IF_ERROR(named(check_output_shape(i, before[i], known, after)));
    known += before[i].rank == TENON_UNKNOWN_RANK ? 0 : before[i].rank;
  }
  return std::shared_ptr<const Prepared>(std::move(prepared));
}

Status CompiledRegion::check_output_shape(uint32_t i, const tenon_shape& before, const int64_t* known,
                                          const tenon_shape& after) const {
  const std::string about = "prepare: output " + std::to_string(i) + " ";
  if (after.dtype != before.dtype || (before.rank != TENON_UNKNOWN_RANK && after.rank != before.rank) ||
      after.dims != before.dims) {
    return rule_broken(provider().id(), 8, about + "got another dtype, rank or array of dims");
  }
  if (after.rank == TENON_UNKNOWN_RANK) {
    return {};
  }
  if (after.rank > TENON_MAX_RANK) {
    return rule_broken(provider().id(), 8, about + "got rank " + std::to_string(after.rank));
  }
  for (uint32_t d = 0; d < after.rank; ++d) {
    const int64_t was = before.rank == TENON_UNKNOWN_RANK ? TENON_UNKNOWN_DIM : known[d];
    if (after.dims[d] < TENON_UNKNOWN_DIM || (was != TENON_UNKNOWN_DIM && after.dims[d] != was)) {
      return rule_broken(provider().id(), 8,
                         about + "dim " + std::to_string(d) + " was " + std::to_string(was) + " and became " +
                             std::to_string(after.dims[d]));
    }
  }
  return {};
}

Status CompiledRegion::execute(const Prepared& prepared, const tenon_run& run) const {
  if (max_concurrent_runs_ == 0) {
    return execute_now(prepared, run);
  }
  {
    std::unique_lock lock(turn_mutex_);
    while (running_ >= max_concurrent_runs_) {
      if (const int32_t code = should_stop(run.task); code != TENON_OK) {
        return named(Status(code, "the run ended while it waited for its turn"));
      }
      turn_.wait_for(lock, std::chrono::milliseconds(4));
    }
    ++running_;
  }
  Status status = execute_now(prepared, run);
  for (uint32_t i = 0; i < run.nsignals && status.ok(); ++i) {  // its turn lasts until it is complete
    const tenon_point& done = strided(run.signals, run.point_stride, i);
    status = named(call_provider(provider(), [&](tenon_status* words) {
      return provider().table().sync_wait(provider().table().self, done.sync, done.value, UINT64_MAX, words);
    }));
  }
  {
    const std::lock_guard lock(turn_mutex_);
    --running_;
  }
  turn_.notify_one();
  return status;
}

Status CompiledRegion::execute_now(const Prepared& prepared, const tenon_run& run) const {
  const tenon_provider& table = provider().table();
  tenon_status status = new_status();
  int32_t code;
  try {
    code = table.execute(raw_, prepared.raw_, &run, &status);
  } catch (...) {
    return named(rule_broken(provider().id(), 1, "lets a C++ exception out of execute"));
  }
  if (!FpGuard::as_wanted()) {
    return named(rule_broken(provider().id(), 12, "execute changed rounding mode or flush-to-zero"));
  }
  return code == TENON_OK ? Status() : named(provider_status(provider(), code, status));
}

}  // namespace tenon
