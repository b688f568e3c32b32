// SPDX-License-Identifier: Apache-2.0
#include "host.hpp"

#include <tenon/kit/dims.hpp>
#include <tenon/provider/graph.hpp>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <numeric>
#include <random>
#include <thread>

#include "state.hpp"

namespace tenon::conform {

namespace {

constexpr uint64_t kMostIndices = 1 << 22;  // that parallel_for shuffles; more are a mistake for such small tensors

thread_local tenon_task* running_in = nullptr;  // the task whose fn this thread is in
thread_local uint64_t poll_ns = 0;              // this thread's CPU time at the last poll

uint64_t thread_cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

void note_interval(tenon_task* task) {
  const uint64_t now = thread_cpu_ns();
  uint64_t longest = task->longest_ns;
  while (now - poll_ns > longest && !task->longest_ns.compare_exchange_weak(longest, now - poll_ns)) {
  }
  poll_ns = now;
}

bool is_power_of_two(uint64_t n) { return n != 0 && (n & (n - 1)) == 0; }

/// What parallel_for's threads share.
struct Loop {
  tenon_task* task;
  void (*fn)(void*, uint64_t, uint32_t);
  void* arg;
  std::vector<uint64_t> order;
  std::atomic<uint64_t> next = 0;
  std::atomic<uint64_t> done = 0;

  void work(uint32_t worker) {
    const uint64_t before = float_state();
    running_in = task;
    for (;;) {
      if (task->calls >= task->stop_after) task->stop = task->stop_code;
      const uint64_t at = next++;
      if (at >= order.size() || task->stop != TENON_OK) break;
      ++task->calls;
      poll_ns = thread_cpu_ns();
      fn(arg, order[at], worker);
      note_interval(task);
      ++done;
    }
    running_in = nullptr;
    if (float_state() != before) {
      task->host->report().fail(12, "a worker's rounding mode or flush-to-zero was changed");
    }
  }
};

}  // namespace

std::string ClaimCopy::text() const {
  std::string out = plugin::cat("claim ", id, " device ", device, " nodes");
  for (const uint32_t n : nodes) out += plugin::cat(" ", n);
  for (const tenon_value_rule& r : rules) {
    out += plugin::cat("; value ", r.value, " memory ", r.memory_mask, " align ", r.align, " flags ", r.flags,
                       " layout ", r.layout.kind, "/", r.layout.axis, "/", r.layout.block, "/", r.layout.id);
  }
  return out + plugin::cat("; estimate ", estimate, " ", est_ns, " workspace ", workspace_bytes);
}

std::string RefusalCopy::text() const {
  return plugin::cat("refusal of node ", node, " reason ", reason, " value ", value, " '", words, "'");
}

Host::Host(Reporter& report) : report_(report) {
  table_.size = sizeof(table_);
  table_.ctx = this;
  table_.log = log;
  table_.alloc = alloc;
  table_.free = free;
  table_.parallel_for = parallel_for;
  table_.max_workers = max_workers;
  table_.should_stop = should_stop;
  table_.claim = claim;
  table_.refuse = refuse;
  table_.weight_get = weight_get;
  table_.alloc_output = alloc_output;
  table_.get_extension = get_extension;
}

size_t Host::live_blocks() {
  const std::lock_guard lock(mutex_);
  return blocks_.size();
}

void Host::log(void* ctx, uint32_t level, tenon_string text) {
  auto& host = *static_cast<Host*>(ctx);
  if (level < TENON_LOG_ERROR || level > TENON_LOG_DEBUG) {
    host.report_.fail(13, "log was called with level ", level, ", expected 1 to 4");
  }
  if (text.data == nullptr && text.len != 0) host.report_.fail(1, "log was called with a text of NULL");
}

void* Host::alloc(void* ctx, uint64_t bytes, uint64_t align) {
  auto& host = *static_cast<Host*>(ctx);
  if (!is_power_of_two(align)) host.report_.fail(16, "alloc was called with alignment ", align);
  if (!is_power_of_two(align) || bytes > uint64_t{1} << 34) return nullptr;
  if (host.phase_ == Phase::execute) {
    host.report_.note("execute takes memory by alloc; workspace would be counted and reused by the host");
  }
  Buffer block(bytes, align, Guard::bytes, 0xCD);
  void* address = block.data();
  const std::lock_guard lock(host.mutex_);
  host.blocks_.emplace(address, std::move(block));
  return address;
}

void Host::free(void* ctx, void* memory) {
  auto& host = *static_cast<Host*>(ctx);
  if (memory == nullptr) return;
  const std::lock_guard lock(host.mutex_);
  const auto found = host.blocks_.find(memory);
  if (found == host.blocks_.end()) {
    host.report_.fail(16, "free was called with an address that alloc did not give, or twice");
    return;
  }
  const std::string damage = found->second.damage();
  if (!damage.empty()) host.report_.fail(8, "memory from alloc: ", damage);
  host.blocks_.erase(found);
}

int32_t Host::parallel_for(tenon_task* task, uint64_t n, void (*fn)(void*, uint64_t, uint32_t), void* arg) {
  Reporter& report = task->host->report_;
  if (running_in != nullptr) report.fail(12, "parallel_for was called inside of parallel_for");
  if (n > kMostIndices) {
    report.fail(12, "parallel_for was called with n = ", n, " for a tensor of a few thousand elements");
    return TENON_LIMIT;
  }
  Loop loop{task, fn, arg, std::vector<uint64_t>(n), 0, 0};
  std::iota(loop.order.begin(), loop.order.end(), uint64_t{0});
  std::shuffle(loop.order.begin(), loop.order.end(), std::mt19937_64(task->seed));
  // Worker numbers are dealt out at random too: the calling thread need not be number 0.
  std::vector<uint32_t> numbers(task->workers);
  std::iota(numbers.begin(), numbers.end(), 0u);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937_64(task->seed + 1));
  std::vector<std::thread> threads;
  for (uint32_t w = 1; w < task->workers && w < n; ++w) threads.emplace_back([&, w] { loop.work(numbers[w]); });
  loop.work(numbers[0]);
  for (std::thread& t : threads) t.join();
  if (loop.done == n) return TENON_OK;
  ++task->stopped;
  return task->stop;
}

uint32_t Host::max_workers(tenon_task* task) { return task->workers; }

int32_t Host::should_stop(tenon_task* task) {
  if (running_in == task) note_interval(task);
  if (task->stop == TENON_OK && task->stop_after == 0) task->stop = task->stop_code;
  if (task->stop != TENON_OK) ++task->stopped;
  return task->stop;
}

int32_t Host::claim(tenon_sink* sink, const tenon_claim* claim) {
  Reporter& report = sink->host->report_;
  if (!sink->open) {
    report.fail(6, "claim was called after query had returned");
    return TENON_INVALID_ARGUMENT;
  }
  ClaimCopy copy;
  copy.size = claim->size;
  copy.device = claim->device;
  copy.id = claim->id;
  copy.nodes.assign(claim->nodes, claim->nodes + claim->nnodes);
  for (const tenon_value_rule& r :
       plugin::Records<const tenon_value_rule>(claim->rules, claim->nrules, claim->rule_stride)) {
    copy.rules.push_back(r);
  }
  copy.estimate = claim->estimate;
  copy.est_ns = claim->est_ns;
  copy.workspace_bytes = claim->workspace_bytes;
  sink->claims.push_back(std::move(copy));
  return TENON_OK;
}

int32_t Host::refuse(tenon_sink* sink, const tenon_refusal* refusal) {
  if (!sink->open) {
    sink->host->report_.fail(6, "refuse was called after query had returned");
    return TENON_INVALID_ARGUMENT;
  }
  sink->refusals.push_back({refusal->size, refusal->node, refusal->reason, refusal->value,
                            std::string(refusal->text.data, refusal->text.len)});
  return TENON_OK;
}

int32_t Host::weight_get(tenon_host_session* session, uint32_t const_id, uint64_t align, tenon_weight* out,
                         tenon_status* status) {
  Reporter& report = session->host->report_;
  const Phase phase = session->host->phase_;
  if (phase != Phase::query && phase != Phase::compile && phase != Phase::prepack) {
    report.fail(11, "weight_get was called outside of query, compile and prepack");
  }
  if (align != 0 && !is_power_of_two(align)) report.fail(11, "weight_get was called with alignment ", align);
  const auto found = session->weights.find(const_id);
  if (found == session->weights.end()) {
    report.fail(11, "weight_get was called with constant ", const_id, ", which the graph does not have");
    return plugin::set_status(status, TENON_INVALID_ARGUMENT, "no such constant");
  }
  tenon_host_session::Weight& w = found->second;
  Buffer copy(w.bytes.size(), std::max<uint64_t>(align, 1), Guard::bytes, 0);
  if (!w.bytes.empty()) std::memcpy(copy.data(), w.bytes.data(), w.bytes.size());
  copy.make_read_only();
  tenon_weight filled{};
  filled.size = std::min<uint32_t>(out->size, sizeof(filled));
  filled.tensor.size = sizeof(filled.tensor);
  filled.tensor.dtype = w.dtype;
  filled.tensor.rank = static_cast<uint32_t>(w.dims.size());
  filled.tensor.dims = w.dims.data();
  filled.tensor.bytes = w.bytes.size();
  filled.tensor.data = copy.data();
  filled.fd = -1;
  std::memcpy(out, &filled, filled.size);
  w.given.push_back(std::move(copy));
  return plugin::set_status(status, TENON_OK, {});
}

int32_t Host::alloc_output(tenon_run_handle* run, uint32_t index, const int64_t* dims, uint32_t rank,
                           uint64_t string_bytes, tenon_tensor* out, tenon_status* status) {
  Reporter& report = run->host->report_;
  const auto refuse = [&](uint32_t rule, const std::string& text) {
    report.fail(rule, text);
    return plugin::set_status(status, TENON_INVALID_ARGUMENT, text);
  };
  if (!run->active) return refuse(8, "alloc_output was called after execute had returned");
  if (index >= run->outputs.size()) {
    return refuse(8, plugin::cat("alloc_output was called for output ", index, " of ", run->outputs.size()));
  }
  tenon_run_handle::Output& o = run->outputs[index];
  if (!o.open) return refuse(8, plugin::cat("alloc_output was called for output ", index, ", whose memory was given"));
  if (o.given) return refuse(8, plugin::cat("alloc_output was called twice for output ", index));
  if (rank > TENON_MAX_RANK) return refuse(8, plugin::cat("alloc_output was called with rank ", rank));
  o.dims.assign(dims, dims + rank);
  if (std::any_of(o.dims.begin(), o.dims.end(), [](int64_t d) { return d < 0 || d > 1 << 24; })) {
    return refuse(8, plugin::cat("alloc_output was called with dims ", plugin::dims_text(o.dims)));
  }
  const int64_t n = kit::count(o.dims);
  o.bytes = o.dtype == TENON_STRING ? static_cast<uint64_t>(n + 1) * 8 + string_bytes
                                    : static_cast<uint64_t>(kit::byte_count(o.dtype, n));
  o.memory = Buffer(o.bytes, 64, Guard::bytes, run->fill);
  o.given = true;
  tenon_tensor filled{};
  filled.size = std::min<uint32_t>(out->size, sizeof(filled));
  filled.dtype = o.dtype;
  filled.rank = rank;
  filled.dims = o.dims.data();
  filled.bytes = o.bytes;
  filled.data = o.memory.data();
  std::memcpy(out, &filled, filled.size);
  return plugin::set_status(status, TENON_OK, {});
}

const void* Host::get_extension(void*, tenon_string) { return nullptr; }

}  // namespace tenon::conform
