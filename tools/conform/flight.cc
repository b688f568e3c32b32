// SPDX-License-Identifier: Apache-2.0
// One run of a compiled region (compiled.hpp).
#include <algorithm>
#include <atomic>
#include <cstring>

#include "compiled.hpp"

namespace tenon::conform {

namespace {

constexpr uint64_t kWaitNs = 10'000'000'000;
constexpr uint64_t kMostWorkspace = uint64_t{1} << 32;

// Once a signal was missed, the next ones are not waited for that long.
constexpr uint64_t kMissedNs = 1'000'000;
std::atomic<bool> missed_a_signal = false;

}  // namespace

void expect_missed_signals() { missed_a_signal = true; }

namespace {

bool is_open(const std::vector<int64_t>& dims) {
  return std::any_of(dims.begin(), dims.end(), [](int64_t d) { return d < 0; });
}

}  // namespace

Flight::Flight(const Compiled& compiled, const std::map<uint32_t, Tensor>& values, const RunSettings& settings)
    : c_(compiled), provider_(compiled.provider_), report_(compiled.report_), values_(values), settings_(settings) {
  task_.host = &provider_.host();
  task_.workers = settings.workers;
  task_.seed = settings.seed;
  task_.stop_code = settings.stop_code;
  task_.stop_after = settings.stop_after;
  handle_.host = &provider_.host();
  handle_.fill = settings.fill;
}

Flight::~Flight() {
  if (prepared_ != nullptr) provider_.table().prepared_destroy(prepared_);
}

std::vector<int64_t> Flight::output_dims(size_t i) const {
  return c_.case_.dims[c_.region_.values[c_.region_.outputs[i]].origin];
}

bool Flight::place_inputs() {
  for (size_t i = 0; i < c_.region_.inputs.size(); ++i) {
    const ValueSpec& v = c_.region_.values[c_.region_.inputs[i]];
    const auto given = values_.find(v.origin);
    const Tensor* from = v.constant ? &*v.constant : given != values_.end() ? &given->second : nullptr;
    if (from == nullptr) return false;  // an intermediate value that the caller could not compute
    tenon_tensor record{};
    inputs_.push_back(nullptr);
    if (c_.original_gone_[i]) {
      record = host_view(*from);
      record.data = nullptr;
      record.bytes = 0;
    } else {
      const Placement where{c_.input_rule(i), settings_.guard, 0x3C, settings_.strided};
      inputs_.back() = std::make_unique<Placed>(provider_, c_.session_.device().id, v.dtype, from->dims, where);
      if (!inputs_.back()->made() || !inputs_.back()->write(*from, settings_.queue)) return false;
      record = inputs_.back()->tensor();
    }
    input_records_.push_back(record);
  }
  return true;
}

bool Flight::prepare() {
  const tenon_provider& table = provider_.table();
  uint64_t workspace = c_.info_.workspace_bytes;
  const size_t nout = c_.region_.outputs.size();
  for (size_t i = 0; i < nout; ++i) prepared_dims_.push_back(c_.region_.values[c_.region_.outputs[i]].dims);
  if (table.prepare != nullptr) {
    std::vector<tenon_shape> in(input_records_.size());
    std::vector<Tensor> constants;
    std::vector<tenon_tensor> constant_records(in.size());
    for (size_t i = 0; i < in.size(); ++i) {
      const ValueSpec& v = c_.region_.values[c_.region_.inputs[i]];
      in[i] = {v.dtype, input_records_[i].rank, const_cast<int64_t*>(input_records_[i].dims), nullptr};
      if (!v.constant) continue;
      constant_records[i] = host_view(*v.constant);
      in[i].value = &constant_records[i];
    }
    std::vector<tenon_shape> out(nout);
    for (size_t i = 0; i < nout; ++i) {
      const auto rank = static_cast<uint32_t>(prepared_dims_[i].size());
      prepared_dims_[i].resize(TENON_MAX_RANK, -7);
      out[i] = {c_.region_.values[c_.region_.outputs[i]].dtype, rank, prepared_dims_[i].data(), nullptr};
    }
    tenon_shapes shapes{sizeof(tenon_shapes),
                        0,
                        in.data(),
                        static_cast<uint32_t>(in.size()),
                        sizeof(tenon_shape),
                        out.data(),
                        static_cast<uint32_t>(nout),
                        sizeof(tenon_shape)};
    tenon_prepared_info info{};
    info.size = sizeof(info);
    StatusBox status;
    const int32_t code =
        status.check(report_, table.prepare(c_.exec_, &shapes, &prepared_, &info, status.get()), "prepare");
    if (code != TENON_OK) {
      report_.fail(8, "prepare of ", c_.name_, " failed with code ", code, ": ", status.text());
      prepared_ = nullptr;
      return false;
    }
    for (size_t i = 0; i < nout; ++i) prepared_dims_[i].resize(std::min<uint32_t>(out[i].rank, TENON_MAX_RANK));
    workspace = info.workspace_bytes;
    check_prepared_dims();
  }
  if (workspace > kMostWorkspace) {
    report_.fail(8, "prepare of ", c_.name_, " asks for a workspace of ", workspace, " bytes");
    return false;
  }
  const uint64_t align = c_.info_.workspace_align != 0 ? c_.info_.workspace_align : 64;
  workspace_ = Buffer(workspace, align, settings_.guard, settings_.fill);
  return true;
}

void Flight::check_prepared_dims() {
  for (size_t i = 0; i < prepared_dims_.size(); ++i) {
    const std::vector<int64_t> expected = output_dims(i);
    if (prepared_dims_[i] == expected) continue;
    report_.fail(8, "prepare of ", c_.name_, " says that output ", i, " has dims ",
                 plugin::dims_text(prepared_dims_[i]), ", expected ", plugin::dims_text(expected));
  }
}

bool Flight::place_outputs() {
  const size_t nout = c_.region_.outputs.size();
  handle_.outputs.resize(nout);
  open_dims_.resize(nout);
  for (size_t i = 0; i < nout; ++i) {
    const uint32_t dtype = c_.region_.values[c_.region_.outputs[i]].dtype;
    const std::vector<int64_t> dims = output_dims(i);
    handle_.outputs[i].dtype = dtype;
    handle_.outputs[i].open = is_open(dims);
    outputs_.push_back(nullptr);
    if (is_open(dims)) {
      open_dims_[i] = dims;
      tenon_tensor record{};
      record.size = sizeof(record);
      record.dtype = dtype;
      record.rank = static_cast<uint32_t>(dims.size());
      record.dims = open_dims_[i].data();
      output_records_.push_back(record);
      continue;
    }
    const Placement where{c_.output_rule(i), settings_.guard, settings_.fill, settings_.strided};
    outputs_.back() = std::make_unique<Placed>(provider_, c_.session_.device().id, dtype, dims, where);
    if (!outputs_.back()->made()) return false;
    Tensor filled{dtype, dims, std::vector<std::byte>(dense_bytes(dtype, dims), std::byte{settings_.fill})};
    if (!outputs_.back()->write(filled, settings_.queue)) return false;
    output_records_.push_back(outputs_.back()->tensor());
  }
  return true;
}

bool Flight::start() {
  report_.step("a run of ", c_.name_, ", ", settings_.workers, " workers");
  if (!place_inputs() || !prepare() || !place_outputs()) return false;
  if (provider_.is_async()) done_ = std::make_unique<Moment>(provider_, c_.session_.device().id);
  tenon_run run{};
  run.size = sizeof(run);
  run.queue = settings_.queue;
  run.inputs = input_records_.data();
  run.outputs = output_records_.data();
  run.ninputs = static_cast<uint32_t>(input_records_.size());
  run.noutputs = static_cast<uint32_t>(output_records_.size());
  run.tensor_stride = sizeof(tenon_tensor);
  run.workspace = workspace_.bytes() != 0 ? workspace_.data() : nullptr;
  run.workspace_bytes = workspace_.bytes();
  run.task = &task_;
  run.handle = &handle_;
  run.point_stride = sizeof(tenon_point);
  run.waits = settings_.waits.data();
  run.nwaits = static_cast<uint32_t>(settings_.waits.size());
  if (done_ && done_->made()) {
    run.signals = &done_->point();
    run.nsignals = 1;
  }
  handle_.active = true;
  StatusBox status;
  provider_.host().set_phase(Phase::execute);
  outcome_.ran = true;
  outcome_.code = status.check(report_, provider_.table().execute(c_.exec_, prepared_, &run, status.get()), "execute");
  provider_.host().set_phase(Phase::other);
  handle_.active = false;
  outcome_.text = status.text();
  return outcome_.code == TENON_OK;
}

void Flight::check_damage() {
  const auto look = [&](const std::string& damage, const auto&... what) {
    if (!damage.empty()) report_.fail(8, "a run of ", c_.name_, ": of ", plugin::cat(what...), " ", damage);
  };
  look(workspace_.damage(), "the workspace");
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i]) look(outputs_[i]->damage(), "output ", i);
    if (handle_.outputs[i].given) look(handle_.outputs[i].memory.damage(), "output ", i);
  }
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (!inputs_[i]) continue;
    look(inputs_[i]->damage(), "input ", i);
    const ValueSpec& v = c_.region_.values[c_.region_.inputs[i]];
    const Tensor& from = v.constant ? *v.constant : values_.at(v.origin);
    Tensor now;
    if (inputs_[i]->read(now, settings_.queue) && now.bytes != from.bytes) {
      report_.fail(8, "a run of ", c_.name_, " changed input ", i);
    }
  }
}

bool Flight::read_outputs() {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    Tensor t;
    if (outputs_[i]) {
      if (!outputs_[i]->read(t, settings_.queue)) return false;
    } else {
      const tenon_run_handle::Output& o = handle_.outputs[i];
      if (!o.given) {
        report_.fail(8, "a run of ", c_.name_, " did not ask for the memory of output ", i, ", whose dims were open");
        return false;
      }
      t = {o.dtype, o.dims, std::vector<std::byte>(o.memory.data(), o.memory.data() + o.bytes)};
    }
    outcome_.outputs.push_back(std::move(t));
  }
  return true;
}

Outcome Flight::finish() {
  if (!outcome_.ran) return std::move(outcome_);
  if (outcome_.code == TENON_OK && done_ && done_->made()) {
    report_.step("waiting for the end of a run of ", c_.name_);
    outcome_.code = done_->wait(missed_a_signal ? kMissedNs : kWaitNs, &outcome_.text);
    missed_a_signal = missed_a_signal || outcome_.code == TENON_DEADLINE;
    outcome_.late = outcome_.code != TENON_OK;
    if (outcome_.code == TENON_DEADLINE) {
      report_.fail(10, "a run of ", c_.name_, " did not reach its signal within 10 s");
      return std::move(outcome_);
    }
  }
  check_damage();
  outcome_.stopped = task_.stopped;
  outcome_.longest_ns = task_.longest_ns;
  if (outcome_.code == TENON_OK && !read_outputs()) outcome_.ran = false;
  return std::move(outcome_);
}

}  // namespace tenon::conform
