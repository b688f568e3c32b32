// SPDX-License-Identifier: Apache-2.0
#include "core/host/node_runner.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/base/checked.hpp"
#include "core/base/fp_guard.hpp"
#include "core/host/query.hpp"
#include "core/host/region.hpp"
#include "core/ir/copy_node.hpp"

namespace tenon {
namespace {

constexpr size_t kMaxIds = 1024;

// A graph of one node whose inputs are constants, under ids that the session has not seen yet.
struct Stage {
  Model model;
  NodeId node = kNone;
};

Result<std::unique_ptr<Stage>> make_stage(const Node& node, std::span<const ConstantPtr> inputs,
                                          std::span<const Type> types, size_t used_ids) {
  if (!node.bodies.empty() || inputs.size() != node.inputs.size() || types.size() != node.outputs.size()) {
    return Status(TENON_UNSUPPORTED, "node '" + node.name + "' has bodies, or inputs and types that do not fit it");
  }
  auto stage = std::make_unique<Stage>();
  stage->model.constants.resize(used_ids);
  stage->model.graph = std::make_unique<Graph>();
  Graph& graph = *stage->model.graph;
  graph.name = "fold";
  graph.model = &stage->model;
  Node copy = copy_operator(node);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] != kNone && inputs[i] == nullptr) {
      return Status(TENON_INTERNAL, "input " + std::to_string(i) + " of node '" + node.name + "' has no constant");
    }
    copy.inputs.push_back(inputs[i] == nullptr ? kNone : graph.add_constant("in" + std::to_string(i), inputs[i]));
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const bool absent = node.outputs[i] == kNone;
    if (!absent && (types[i].kind != TypeKind::tensor || !dtype_valid(types[i].dtype))) {
      return Status(TENON_UNSUPPORTED,
                    "output " + std::to_string(i) + " of node '" + node.name + "' has no known dtype");
    }
    copy.outputs.push_back(absent ? kNone : graph.add_value("out" + std::to_string(i), types[i]));
  }
  const std::vector<ValueId> outputs = copy.outputs;
  stage->node = graph.add_node(std::move(copy));
  for (ValueId output : outputs) {
    if (output != kNone) {
      graph.outputs.push_back(output);
    }
  }
  return stage;
}

bool plain_rule(const ValueRule& rule) { return (rule.memory_mask & 1) != 0 && rule.layout.kind == TENON_LAYOUT_DENSE; }

// A claim of the node alone, in dense host memory; else why not.
Result<const Claim*> pick_claim(const QueryResult& answer, const Node& node, const std::string& provider) {
  for (const Claim& claim : answer.claims) {
    if (std::all_of(claim.input_rules.begin(), claim.input_rules.end(), plain_rule) &&
        std::all_of(claim.output_rules.begin(), claim.output_rules.end(), plain_rule)) {
      return &claim;
    }
  }
  const std::string why = answer.refusals.empty() ? "it takes it in memory of its own only"
                                                  : std::string(refusal_reason_name(answer.refusals[0].reason)) + ": " +
                                                        answer.refusals[0].text;
  return Status(TENON_UNSUPPORTED,
                "provider '" + provider + "' does not take " + node.domain + "." + node.op + ": " + why)
      .with_provider(provider);
}

std::vector<ValueRule> host_rules(const Claim& claim) {
  std::vector<ValueRule> rules = claim.input_rules;
  rules.insert(rules.end(), claim.output_rules.begin(), claim.output_rules.end());
  for (ValueRule& rule : rules) {
    rule.memory_mask = 1;
  }
  return rules;
}

// One output on its way: shape for prepare, then memory, then a constant.
struct Output {
  int64_t dims[TENON_MAX_RANK];
  uint32_t rank = TENON_UNKNOWN_RANK;
  Dtype dtype = TENON_UNDEFINED;
  uint32_t align = 64;
  std::shared_ptr<Buffer> memory;
  uint64_t bytes = 0;
};

class OneRun final : public tenon_run_handle {
 public:
  OneRun(const CompiledRegion& region, const Graph& graph, uint64_t max_bytes)
      : region_(region), max_bytes_(max_bytes), outputs_(region.outputs().size()) {
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const Type& type = graph.values[region.outputs()[i]].type;
      Output& output = outputs_[i];
      output.dtype = type.dtype;
      output.align = std::max(region.output_rules()[i].align, 64u);
      std::fill_n(output.dims, TENON_MAX_RANK, TENON_UNKNOWN_DIM);
      if (type.shape.has_value() && type.shape->size() <= TENON_MAX_RANK) {
        output.rank = static_cast<uint32_t>(type.shape->size());
        std::transform(type.shape->begin(), type.shape->end(), output.dims,
                       [](const Dim& dim) { return dim.known() ? dim.size : TENON_UNKNOWN_DIM; });
      }
    }
  }

  Result<std::shared_ptr<const Prepared>> prepare(CompiledRegion& region) {
    std::vector<tenon_shape> in(region.inputs().size()), out(outputs_.size());
    for (size_t i = 0; i < in.size(); ++i) {
      const tenon_tensor& tensor = *region.constant_input(static_cast<uint32_t>(i));
      in[i] = {tensor.dtype, tensor.rank, const_cast<int64_t*>(tensor.dims),
               tensor.data == nullptr ? nullptr : &tensor};
    }
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = {outputs_[i].dtype, outputs_[i].rank, outputs_[i].dims, nullptr};
    }
    tenon_shapes shapes{};
    shapes.size = sizeof shapes;
    shapes.inputs = in.data();
    shapes.ninputs = static_cast<uint32_t>(in.size());
    shapes.input_stride = sizeof(tenon_shape);
    shapes.outputs = out.data();
    shapes.noutputs = static_cast<uint32_t>(out.size());
    shapes.output_stride = sizeof(tenon_shape);
    TENON_ASSIGN_OR_RETURN(auto prepared, region.prepare(&shapes));
    for (size_t i = 0; i < out.size(); ++i) {
      outputs_[i].rank = out[i].rank;
    }
    return prepared;
  }

  Status execute(const Prepared& prepared, Task* task) {
    std::vector<tenon_tensor> in(region_.inputs().size()), out(outputs_.size());
    for (size_t i = 0; i < in.size(); ++i) {
      in[i] = *region_.constant_input(static_cast<uint32_t>(i));
    }
    for (uint32_t i = 0; i < out.size(); ++i) {
      TENON_RETURN_IF_ERROR(offer(i, &out[i]));
    }
    TENON_ASSIGN_OR_RETURN(const Buffer workspace, Memory::process().allocate(prepared.workspace_bytes(),
                                                                              region_.workspace_align(), "workspace"));
    Task alone;
    tenon_run run{};
    run.size = sizeof run;
    run.inputs = in.data();
    run.outputs = out.data();
    run.ninputs = static_cast<uint32_t>(in.size());
    run.noutputs = static_cast<uint32_t>(out.size());
    run.tensor_stride = sizeof(tenon_tensor);
    run.workspace = prepared.workspace_bytes() == 0 ? nullptr : workspace.data();
    run.workspace_bytes = prepared.workspace_bytes();
    run.task = task == nullptr ? &alone : task;
    run.handle = this;
    run.point_stride = sizeof(tenon_point);
    if (!region_.provider().async()) {
      return region_.execute(prepared, run);
    }
    TENON_ASSIGN_OR_RETURN(const auto timeline, Timeline::create(region_.provider(), region_.session().device_index()));
    const tenon_point done = timeline->point(timeline->next());
    run.signals = &done;
    run.nsignals = 1;
    TENON_RETURN_IF_ERROR(region_.execute(prepared, run));
    return timeline->wait(done.value);
  }

  Status alloc_output(uint32_t index, const int64_t* dims, uint32_t rank, uint64_t string_bytes,
                      tenon_tensor* out) override {
    if (index >= outputs_.size()) {
      return Status(TENON_INVALID_ARGUMENT,
                    "alloc_output: output " + std::to_string(index) + " of " + std::to_string(outputs_.size()));
    }
    Output& output = outputs_[index];
    output.rank = rank;
    std::copy(dims, dims + rank, output.dims);
    return give(output, string_bytes, out);
  }

  Result<ConstantPtr> take(uint32_t index) {
    Output& output = outputs_[index];
    if (output.memory == nullptr) {
      return rule_broken(region_.provider().id(), 8,
                         "execute left output " + std::to_string(index) + " without memory");
    }
    auto constant = std::make_shared<Constant>();
    constant->dtype = output.dtype;
    constant->dims.assign(output.dims, output.dims + output.rank);
    constant->data = output.memory->data();
    constant->bytes = output.bytes;
    constant->owner = output.memory;
    return ConstantPtr(std::move(constant));
  }

 private:
  // An output whose size is known gets its memory now, another one asks for it.
  Status offer(uint32_t i, tenon_tensor* out) {
    Output& output = outputs_[i];
    const bool open = output.rank == TENON_UNKNOWN_RANK || output.dtype == TENON_STRING ||
                      std::any_of(output.dims, output.dims + output.rank, [](int64_t dim) { return dim < 0; });
    if (!open) {
      return give(output, 0, out);
    }
    *out = {};
    out->size = sizeof *out;
    out->dtype = output.dtype;
    out->rank = output.rank;
    out->dims = output.rank == TENON_UNKNOWN_RANK ? nullptr : output.dims;
    return {};
  }

  Status give(Output& output, uint64_t string_bytes, tenon_tensor* out) {
    const std::optional<uint64_t> elements = element_count(std::span(output.dims, output.rank));
    CheckedSize bytes = elements.has_value() ? CheckedSize(*elements) : CheckedSize::from_signed(-1);
    if (output.dtype == TENON_STRING) {
      bytes = (bytes + 1) * sizeof(int64_t) + string_bytes;
    } else if (bytes.ok()) {
      const std::optional<uint64_t> dense = dtype_bytes(output.dtype, bytes.value());
      bytes = dense.has_value() ? CheckedSize(*dense) : CheckedSize::from_signed(-1);
    }
    if (!bytes.within(max_bytes_)) {
      return Status(TENON_LIMIT, "an output would take more than " + std::to_string(max_bytes_) + " bytes");
    }
    TENON_ASSIGN_OR_RETURN(Buffer memory, Memory::process().allocate(bytes.value(), output.align, "a folded constant"));
    output.memory = std::make_shared<Buffer>(std::move(memory));
    output.bytes = bytes.value();
    *out = {};
    out->size = sizeof *out;
    out->dtype = output.dtype;
    out->rank = output.rank;
    out->dims = output.rank == 0 ? nullptr : output.dims;
    out->bytes = output.bytes;
    out->data = output.memory->data();
    return {};
  }

  const CompiledRegion& region_;
  uint64_t max_bytes_;
  std::vector<Output> outputs_;
};

}  // namespace

Result<std::unique_ptr<NodeRunner>> NodeRunner::create(Provider& provider, const OptionList& options, Task* task) {
  std::unique_ptr<NodeRunner> runner(new NodeRunner(provider, options, task));
  TENON_RETURN_IF_ERROR(runner->open_session());
  return runner;
}

Status NodeRunner::open_session() {
  session_.reset();
  weights_ = std::make_shared<WeightStore>();
  used_ids_ = 0;
  ProviderSessionConfig config;
  config.options = options_;
  config.max_workers = task_ == nullptr ? 1 : task_->max_workers;
  config.fusion = false;
  config.weights = weights_;
  TENON_ASSIGN_OR_RETURN(session_, provider_.create_session(std::move(config)));
  return {};
}

Result<std::vector<ConstantPtr>> NodeRunner::run(const Node& node, std::span<const ConstantPtr> inputs,
                                                 std::span<const Type> types, uint64_t max_bytes) {
  // The list of constants is as long as the ids used: a new session now and then keeps a run's cost constant.
  if (used_ids_ >= kMaxIds) {
    TENON_RETURN_IF_ERROR(open_session());
  }
  Result<std::vector<ConstantPtr>> results = run_once(node, inputs, types, max_bytes);
  weights_->forget_all();
  return results;
}

Result<std::vector<ConstantPtr>> NodeRunner::run_once(const Node& node, std::span<const ConstantPtr> inputs,
                                                      std::span<const Type> types, uint64_t max_bytes) {
  const FpGuard guard;
  const std::string& id = provider_.id();
  TENON_ASSIGN_OR_RETURN(const std::unique_ptr<Stage> stage, make_stage(node, inputs, types, used_ids_));
  used_ids_ = stage->model.constants.size();
  weights_->set_constants(stage->model.constants);
  const Graph& graph = *stage->model.graph;
  std::vector<ConstantPtr> results(node.outputs.size());
  {
    TENON_ASSIGN_OR_RETURN(const GraphView view, GraphView::whole(graph));
    TENON_ASSIGN_OR_RETURN(const QueryResult answer, query_provider(*session_, view));
    TENON_ASSIGN_OR_RETURN(const Claim* claim, pick_claim(answer, node, id));
    TENON_ASSIGN_OR_RETURN(const auto region,
                           CompiledRegion::compile(session_, view, *claim, host_rules(*claim), task_));
    OneRun run(*region, graph, max_bytes);
    TENON_ASSIGN_OR_RETURN(const auto prepared, run.prepare(*region));
    TENON_RETURN_IF_ERROR(run.execute(*prepared, task_));
    const std::vector<ValueId>& made = graph.nodes[stage->node].outputs;
    for (size_t i = 0; i < made.size(); ++i) {
      const auto at = std::find(region->outputs().begin(), region->outputs().end(), made[i]);
      if (made[i] != kNone && at != region->outputs().end()) {
        TENON_ASSIGN_OR_RETURN(results[i], run.take(static_cast<uint32_t>(at - region->outputs().begin())));
      }
    }
  }
  return results;
}

Result<Folded> ProviderFolder::fold(const Graph& graph, const Node& node, std::span<const ConstantPtr> inputs,
                                    std::span<const Type> types, uint64_t max_bytes) {
  static_cast<void>(graph);
  runners_.resize(providers_.size());
  Status last(TENON_UNSUPPORTED, "no opened provider folds constants");
  for (size_t i = 0; i < providers_.size(); ++i) {
    if (runners_[i] == nullptr) {
      TENON_ASSIGN_OR_RETURN(runners_[i], NodeRunner::create(*providers_[i], {}, task_));
    }
    Result<std::vector<ConstantPtr>> outputs = runners_[i]->run(node, inputs, types, max_bytes);
    if (outputs.ok()) {
      return Folded{std::move(*outputs), providers_[i]->id()};
    }
    last = outputs.status();
    if (last.code() != TENON_UNSUPPORTED && last.code() != TENON_DECLINED) {
      return last;
    }
  }
  return last.code() == TENON_DECLINED ? Status(TENON_UNSUPPORTED, last.message()) : last;
}

}  // namespace tenon
