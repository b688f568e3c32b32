// SPDX-License-Identifier: Apache-2.0
#include "exec.hpp"

#include <chrono>
#include <cstring>
#include <utility>

#include "device.hpp"
#include "query.hpp"
#include "storage.hpp"

namespace tenon::fake_device {

using plugin::Graph;
using plugin::Node;
using plugin::require;
using plugin::Run;
using plugin::Value;

namespace {

constexpr std::chrono::seconds kHold{10};

constexpr std::string_view kOpNames[] = {"add", "mul", "relu", "scale3", "matmul", "nonzero", "positives"};

/// A device tensor's elements, dense.
Array read_array(const Storage& from) {
  Array out{from.dims, std::vector<float>(static_cast<size_t>(plugin::element_count(from.dims)))};
  from.check_read();
  for (size_t i = 0; i < out.data.size(); ++i) {
    std::memcpy(&out.data[i], from.element(static_cast<int64_t>(i), sizeof(float)), sizeof(float));
  }
  return out;
}

void write_array(const Array& from, const Storage& to) {
  to.begin_write();
  for (size_t i = 0; i < from.data.size(); ++i) {
    std::memcpy(to.element(static_cast<int64_t>(i), sizeof(float)), &from.data[i], sizeof(float));
  }
}

}  // namespace

Session::Session(plugin::SessionDesc desc)
    : desc_(std::move(desc)),
      delay_us_(static_cast<uint64_t>(desc_.option_int("delay_us"))),
      poison_after_(static_cast<uint64_t>(desc_.option_int("poison_after"))),
      hold_until_(static_cast<uint64_t>(desc_.option_int("hold_until"))) {
  hardware().manner.set(static_cast<uint64_t>(desc_.option_int("jitter_us")),
                        static_cast<uint64_t>(desc_.option_int("seed")), std::string(desc_.option("log")));
}

void Session::query(const Graph& graph, const plugin::Sink& sink) {
  QueryOptions options;
  options.layouts = desc_.option("layouts");
  options.fusion = !desc_.no_fusion();
  options.est_ns = static_cast<uint64_t>(desc_.option_int("est_ns"));
  answer(graph, sink, options);
}

std::unique_ptr<Exec> Session::compile(const plugin::Region& region, const plugin::Task&, tenon_exec_info& info) {
  const std::string_view declined = desc_.option("decline_op");
  for (const tenon_node& node : region.graph().nodes()) {
    require(plugin::view(node.op) != declined, TENON_DECLINED, "the option decline_op names ", declined);
  }
  return std::make_unique<Exec>(*this, region, info);
}

void Session::count_run() {
  std::unique_lock lock(mutex_);
  const uint64_t run = ++runs_;
  begun_.notify_all();
  if (run == poison_after_) plugin::fail(TENON_DEVICE_LOST, "the fake device was told to fail at run ", poison_after_);
  if (run == 1 && !begun_.wait_for(lock, kHold, [&] { return runs_ >= hold_until_; })) {
    plugin::fail(TENON_DEVICE_LOST, "run 1 was to last until run ", hold_until_, " begins, but only ", runs_, " did");
  }
}

Exec::Exec(Session& session, const plugin::Region& region, tenon_exec_info& info)
    : session_(session), nslots_(region.graph().nvalues()), is_packed_(nslots_) {
  const Graph graph = region.graph();
  inputs_.assign(graph.inputs().begin(), graph.inputs().end());
  outputs_.assign(graph.outputs().begin(), graph.outputs().end());
  for (uint32_t n = 0; n < graph.nnodes(); ++n) add_step(graph.node(n), graph);
  info.packs = requests_.data();
  info.npacks = static_cast<uint32_t>(requests_.size());
  info.pack_stride = sizeof(tenon_pack_request);
  info.kernel = plugin::str(kernel_);
}

void Exec::add_step(const Node& node, const Graph& graph) {
  Step step;
  step.op = op_of(node);
  step.a = node.input(0).id();
  step.b = node.ninputs() > 1 ? node.input(1).id() : step.a;
  step.out = node.output(0).id();
  if (step.op == Op::scale) step.factor = static_cast<float>(node.attr_float("factor", kScale3Factor));
  if (step.op == Op::matmul && graph.value(step.b).is_const()) step.pack = request_pack(graph.value(step.b));
  steps_.push_back(step);
  if (!kernel_.empty()) kernel_ += " + ";
  kernel_ += kOpNames[static_cast<size_t>(step.op)];
}

uint32_t Exec::request_pack(const Value& weight) {
  const std::span<const int64_t> dims = weight.dims();
  packs_.push_back({weight.const_id(), dims[0], dims[1]});
  is_packed_[weight.id()] = true;
  tenon_pack_request request{};
  request.const_id = weight.const_id();
  request.memory_kind = kDeviceMemory;
  request.bytes = static_cast<uint64_t>(plugin::element_count(dims)) * sizeof(float);
  request.align = kAlignment;
  request.key = plugin::str("fake-device/transposed-f32/1");
  request.original_needed = 0;
  requests_.push_back(request);
  return static_cast<uint32_t>(requests_.size() - 1);
}

void Exec::prepack(uint32_t pack, const tenon_tensor& dst, const plugin::Task& task) {
  task.check();
  const Packed& p = packs_.at(pack);
  const tenon_weight weight = session_.desc().weight(p.const_id, sizeof(float));
  const auto* from = static_cast<const float*>(weight.tensor.data);
  auto* to = reinterpret_cast<float*>(hardware().memory.at(dst.memory, dst.offset, requests_.at(pack).bytes));
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int64_t c = 0; c < p.columns; ++c) to[c * p.rows + r] = from[r * p.columns + c];
  }
}

void Exec::bind_packed(uint32_t pack, const tenon_tensor& packed) {
  packs_.at(pack).data =
      reinterpret_cast<const float*>(hardware().memory.at(packed.memory, packed.offset, requests_.at(pack).bytes));
}

std::unique_ptr<Prepared> Exec::prepare(const plugin::Shapes& shapes, tenon_prepared_info& info) {
  auto out = std::make_unique<Prepared>();
  out->dims.resize(nslots_);
  for (uint32_t i = 0; i < inputs_.size(); ++i) {
    const std::span<const int64_t> dims = shapes.dims(i);
    out->dims[inputs_[i]].assign(dims.begin(), dims.end());
  }
  for (const Step& s : steps_) {
    out->dims[s.out] = step_dims(s, out->dims[s.a], out->dims[s.b]);
    if (s.op == Op::matmul) {
      info.workspace_bytes = static_cast<uint64_t>(plugin::element_count(out->dims[s.out])) * sizeof(float);
    }
  }
  for (uint32_t i = 0; i < outputs_.size(); ++i) shapes.set(i, out->dims[outputs_[i]]);
  return out;
}

std::function<void()> Exec::work_of(const Prepared& prepared, const Run& run, Found* found) {
  std::vector<std::pair<uint32_t, Storage>> inputs;
  std::vector<std::pair<uint32_t, Storage>> outputs;
  for (uint32_t i = 0; i < inputs_.size(); ++i) {
    if (!is_packed_[inputs_[i]]) inputs.emplace_back(inputs_[i], Storage::of(run.input(i)));
  }
  for (uint32_t i = 0; i < outputs_.size() && found == nullptr; ++i) {
    outputs.emplace_back(outputs_[i], Storage::of(run.output(i)));
  }
  auto* scratch = reinterpret_cast<float*>(run.workspace().data());
  return [this, dims = prepared.dims, inputs = std::move(inputs), outputs = std::move(outputs), scratch, found] {
    session_.count_run();
    std::vector<Array> slots(nslots_);
    for (const auto& [slot, storage] : inputs) slots[slot] = read_array(storage);
    for (const Step& s : steps_) {
      if (s.op == Op::nonzero) found->indices = nonzero(slots[s.a]);
      if (s.op == Op::positives) found->values = positives(slots[s.a]);
      if (makes_open_output(s.op)) return;
      slots[s.out].dims = dims[s.out];
      run_step(s, slots[s.a], slots[s.b], s.pack != TENON_NO_ID ? packs_[s.pack].data : nullptr, scratch, slots[s.out]);
    }
    for (const auto& [slot, storage] : outputs) write_array(slots[slot], storage);
  };
}

void Exec::execute(const Prepared& prepared, const Run& run) {
  run.task().check();
  const Call call{"execute", run.raw().queue, session_.delay_us() * steps_.size()};
  if (!makes_open_output(steps_.front().op)) {
    return run_on_queue(call, run.waits(), run.signals(), work_of(prepared, run, nullptr));
  }
  // How large the output is, is known when the work is done, so the host waits here; the output is written later.
  Found found;
  run_on_queue(call, run.waits(), {}, work_of(prepared, run, &found));
  const int64_t rank = static_cast<int64_t>(run.input(0).rank);
  const int64_t columns = rank == 0 ? 0 : static_cast<int64_t>(found.indices.size()) / rank;
  const bool indices = steps_.front().op == Op::nonzero;
  const std::vector<int64_t> dims =
      indices ? std::vector<int64_t>{rank, columns} : std::vector<int64_t>{static_cast<int64_t>(found.values.size())};
  const Storage out = Storage::of(run.alloc_output(0, dims));
  run_on_queue(call, {}, run.signals(), [indices, out, found = std::move(found)] {
    if (!indices) return write_array({out.dims, found.values}, out);
    out.begin_write();
    if (!found.indices.empty()) {
      std::memcpy(out.data, found.indices.data(), found.indices.size() * sizeof(int64_t));
    }
  });
}

}  // namespace tenon::fake_device
