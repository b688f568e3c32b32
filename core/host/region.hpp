// SPDX-License-Identifier: Apache-2.0
// A claimed region compiled by its provider, and what it is for one set of shapes.
#pragma once

#include <tenon/plugin.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/base/memory.hpp"
#include "core/base/status.hpp"
#include "core/base/thread_pool.hpp"
#include "core/host/device.hpp"
#include "core/host/graph_view.hpp"
#include "core/host/provider.hpp"
#include "core/host/query.hpp"

namespace tenon {

class CompiledRegion;

// The region for one set of input shapes: immutable; may be executed by many threads at once. Keeps its region alive.
class Prepared {
 public:
  ~Prepared();
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  uint64_t workspace_bytes() const { return workspace_bytes_; }
  const CompiledRegion& region() const { return *region_; }

 private:
  friend class CompiledRegion;
  Prepared() = default;
  std::shared_ptr<CompiledRegion> region_;
  tenon_prepared* raw_ = nullptr;  // NULL: the provider needs nothing per shape
  uint64_t workspace_bytes_ = 0;
};

// Weights rearranged for a region, in the memory kind it asked for; shared by all sessions of the process that need the
// same packing of the same content.
struct PackedWeight;

// Any thread; execute too, at once.
class CompiledRegion : public std::enable_shared_from_this<CompiledRegion> {
 public:
  // Compiles `claim`, which query_provider made from `view`. `rules`: what was agreed, one for each of claim.inputs,
  // then one for each of claim.outputs; memory_mask has one bit. Packs the weights that it asks for (or finds them
  // packed), uploads constants whose rule is not host memory, and marks in session->weights() which originals are still
  // needed. DECLINED: the provider takes the claim back. Errors carry the first node's path and the provider.
  static Result<std::shared_ptr<CompiledRegion>> compile(std::shared_ptr<ProviderSession> session,
                                                         const GraphView& view, const Claim& claim,
                                                         std::span<const ValueRule> rules, Task* task);
  ~CompiledRegion();
  CompiledRegion(const CompiledRegion&) = delete;
  CompiledRegion& operator=(const CompiledRegion&) = delete;

  ProviderSession& session() const { return *session_; }
  Provider& provider() const { return session_->provider(); }
  // Border values as IR ids, in the order of tenon_run.inputs and outputs; equal to the claim's.
  const std::vector<ValueId>& inputs() const { return inputs_; }
  const std::vector<ValueId>& outputs() const { return outputs_; }
  const std::vector<NodeId>& nodes() const { return nodes_; }
  const std::vector<ValueRule>& input_rules() const { return input_rules_; }
  const std::vector<ValueRule>& output_rules() const { return output_rules_; }

  // Input i as it is handed over in every run, when it is a constant: host tensor aligned as the rule asks, or uploaded
  // device tensor, or with data NULL when the region does not need the original. NULL: not a constant.
  const tenon_tensor* constant_input(uint32_t i) const { return is_constant_[i] ? &constants_[i] : nullptr; }

  // What compile reported, checked.
  uint32_t max_concurrent_runs() const { return max_concurrent_runs_; }  // 0: any
  uint64_t workspace_align() const { return workspace_align_; }
  const std::vector<tenon_alias>& aliases() const { return aliases_; }  // indices are in range
  const std::string& kernel() const { return kernel_; }
  bool has_prepare() const { return provider().table().prepare != nullptr; }
  uint64_t packed_bytes() const { return packed_bytes_; }  // of packed weights, shared ones included

  // `shapes`: one input for each of inputs(), one output for each of outputs(), dims of outputs with room for
  // TENON_MAX_RANK entries and TENON_UNKNOWN_DIM where open; the provider fills in what shapes decide. A known dim that
  // it changes breaks rule 8 (PROVIDER_RULE). Without prepare the outputs stay as they are.
  Result<std::shared_ptr<const Prepared>> prepare(tenon_shapes* shapes);
  // Runs. `run` as in plugin.h: workspace at least prepared.workspace_bytes() at workspace_align(). Errors carry the
  // first node's path and the provider. Allocates nothing of its own when it succeeds. A call beyond
  // max_concurrent_runs waits its turn; CANCELLED or DEADLINE when run.task ends before.
  Status execute(const Prepared& prepared, const tenon_run& run) const;

 private:
  CompiledRegion() = default;
  Status take_info(const tenon_exec_info& info);
  Status pack_weights(const Graph& graph, const tenon_exec_info& info, Task* task);
  Status bind_constants(const Graph& graph, Task* task);
  Status upload(const ValueRule& rule, tenon_tensor* tensor, Task* task);
  Status check_output_shape(uint32_t i, const tenon_shape& before, const int64_t* known,
                            const tenon_shape& after) const;
  Status named(Status status) const;
  Status execute_now(const Prepared& prepared, const tenon_run& run) const;

  std::shared_ptr<ProviderSession> session_;
  tenon_exec* raw_ = nullptr;
  std::vector<ValueId> inputs_, outputs_;
  std::vector<NodeId> nodes_;
  std::vector<ValueRule> input_rules_, output_rules_;
  std::vector<tenon_tensor> constants_;
  std::vector<bool> is_constant_;
  std::vector<bool> unpacked_;  // by input: a constant's original is used after loading
  std::vector<std::vector<int64_t>> constant_dims_;
  std::vector<std::shared_ptr<const PackedWeight>> packed_;
  std::vector<DeviceBuffer> uploads_;
  std::vector<Buffer> host_uploads_;
  std::vector<tenon_alias> aliases_;
  std::string kernel_, node_path_, node_op_;
  uint32_t max_concurrent_runs_ = 0;
  mutable std::mutex turn_mutex_;
  mutable std::condition_variable turn_;
  mutable uint32_t running_ = 0;  // counted only where max_concurrent_runs_ is not 0
  uint64_t workspace_bytes_ = 0;
  uint64_t workspace_align_ = 64;
  uint64_t packed_bytes_ = 0;
};

}  // namespace tenon

// What a provider passes back to alloc_output. The executor, and everything else that calls execute, derives from it.
struct tenon_run_handle {
  // Memory for output `index` of the run; see tenon_host.alloc_output. Called on the thread of the execute or on one of
  // the pool's. `dims` and `rank` are checked for signs and length by the caller; sizes are not.
  virtual tenon::Status alloc_output(uint32_t index, const int64_t* dims, uint32_t rank, uint64_t string_bytes,
                                     tenon_tensor* out) = 0;

 protected:
  ~tenon_run_handle() = default;
};
