// SPDX-License-Identifier: Apache-2.0
#include "core/host/host_table.hpp"

#include <algorithm>
#include <string>

#include "core/base/log.hpp"
#include "core/base/memory.hpp"
#include "core/base/thread_pool.hpp"
#include "core/host/provider.hpp"
#include "core/host/query.hpp"
#include "core/host/region.hpp"
#include "core/host/weights.hpp"

namespace tenon {
namespace {

constexpr uint64_t kMaxText = 64u << 10;  // of one log line or refusal

void log_from_provider(void*, uint32_t level, tenon_string text) {
  if (level >= TENON_LOG_ERROR && level <= TENON_LOG_DEBUG) {
    log_message(level, view(text).substr(0, kMaxText));
  }
}

void* alloc(void*, uint64_t bytes, uint64_t align) { return Memory::process().try_allocate(bytes, align); }

void release(void*, void* memory) { Memory::release(memory); }

int32_t run_parallel(tenon_task* task, uint64_t n, void (*fn)(void*, uint64_t, uint32_t), void* arg) {
  return parallel_for(task, n, fn, arg);
}

uint32_t max_workers(tenon_task* task) {
  return task == nullptr || task->pool == nullptr ? 1 : std::max(task->max_workers, 1u);
}

int32_t stop(tenon_task* task) { return should_stop(task); }

int32_t bad_record(tenon_sink* sink, const char* text) {
  sink->violations.push_back({6, text});
  return TENON_INVALID_ARGUMENT;
}

int32_t take_claim(tenon_sink* sink, const tenon_claim* claim) {
  // All fields of minor 0 must be there: a shorter record is of no known minor.
  if (claim == nullptr || claim->size < sizeof(tenon_claim)) {
    return bad_record(sink, "a claim's size is smaller than the record of minor 0");
  }
  if (sink->claims.size() >= sink->limit) {
    return TENON_LIMIT;
  }
  if ((claim->nnodes > 0 && claim->nodes == nullptr) || (claim->nrules > 0 && claim->rules == nullptr) ||
      (claim->nrules > 0 && claim->rule_stride < sizeof(tenon_value_rule))) {
    return bad_record(sink, "a claim's nodes or rules are NULL, or their stride is too small");
  }
  if (claim->nnodes > sink->max_nodes || claim->nrules > sink->max_values) {
    return bad_record(sink, "a claim has more nodes or rules than the graph has nodes or values");
  }
  tenon_sink::RawClaim& raw = sink->claims.emplace_back();
  raw.claim = *claim;
  raw.nodes.assign(claim->nodes, claim->nodes + claim->nnodes);
  for (uint32_t i = 0; i < claim->nrules; ++i) {
    raw.rules.push_back(strided(claim->rules, claim->rule_stride, i));
  }
  raw.claim.nodes = nullptr;
  raw.claim.rules = nullptr;
  return TENON_OK;
}

int32_t take_refusal(tenon_sink* sink, const tenon_refusal* refusal) {
  if (refusal == nullptr || refusal->size < sizeof(tenon_refusal)) {
    return bad_record(sink, "a refusal's size is smaller than the record of minor 0");
  }
  if (sink->refusals.size() >= sink->limit) {
    return TENON_LIMIT;
  }
  const std::string_view text = view(refusal->text).substr(0, kMaxText);
  sink->refusals.push_back({refusal->node, refusal->reason, refusal->value, std::string(text)});
  return TENON_OK;
}

int32_t get_weight(tenon_host_session* session, uint32_t id, uint64_t align, tenon_weight* out, tenon_status* status) {
  if (session == nullptr || session->weights == nullptr || out == nullptr) {
    return Status(TENON_INVALID_ARGUMENT, "weight_get: session or out is NULL").write(status);
  }
  return session->weights->get(id, align, out).write(status);
}

int32_t give_output(tenon_run_handle* run, uint32_t index, const int64_t* dims, uint32_t rank, uint64_t string_bytes,
                    tenon_tensor* out, tenon_status* status) {
  const auto fail = [&](std::string text) {
    return Status(TENON_INVALID_ARGUMENT, "alloc_output: " + std::move(text)).write(status);
  };
  if (run == nullptr || out == nullptr || (rank > 0 && dims == nullptr)) {
    return fail("run, out or dims is NULL");
  }
  if (rank > TENON_MAX_RANK) {
    return fail("rank " + std::to_string(rank) + ", at most " + std::to_string(TENON_MAX_RANK));
  }
  for (uint32_t i = 0; i < rank; ++i) {
    if (dims[i] < 0) {
      return fail("dim " + std::to_string(i) + " is " + std::to_string(dims[i]));
    }
  }
  const Status result = run->alloc_output(index, dims, rank, string_bytes, out);
  return result.ok() ? TENON_OK : result.write(status);
}

const void* no_extension(void*, tenon_string) { return nullptr; }

}  // namespace

const tenon_host& host_table() {
  static const tenon_host table = [] {
    tenon_host host{};
    host.size = sizeof host;
    host.log = log_from_provider;
    host.alloc = alloc;
    host.free = release;
    host.parallel_for = run_parallel;
    host.max_workers = max_workers;
    host.should_stop = stop;
    host.claim = take_claim;
    host.refuse = take_refusal;
    host.weight_get = get_weight;
    host.alloc_output = give_output;
    host.get_extension = no_extension;
    return host;
  }();
  return table;
}

}  // namespace tenon
