// SPDX-License-Identifier: Apache-2.0
// The host that conform shows to a provider: every function keeps books and reports what it is not allowed to be
// asked. parallel_for runs the indices in a random order on real threads.
#ifndef TOOLS_CONFORM_HOST_HPP_
#define TOOLS_CONFORM_HOST_HPP_

#include <tenon/plugin.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "buffers.hpp"
#include "report.hpp"

namespace tenon::conform {

/// A claim as it was sent, owned.
struct ClaimCopy {
  uint32_t size = 0;
  uint32_t device = 0;
  uint64_t id = 0;
  std::vector<uint32_t> nodes;
  std::vector<tenon_value_rule> rules;
  uint32_t estimate = 0;
  uint64_t est_ns = 0;
  uint64_t workspace_bytes = 0;

  std::string text() const;  // everything in it, for comparison and for evidence
};
struct RefusalCopy {
  uint32_t size = 0;
  uint32_t node = 0;
  uint32_t reason = 0;
  uint32_t value = 0;
  std::string words;

  std::string text() const;
};

/// What is under way, which decides what a provider may call.
enum class Phase { other, query, compile, prepack, prepare, execute };

class Host {
 public:
  explicit Host(Reporter& report);
  Reporter& report() { return report_; }
  const tenon_host* table() const { return &table_; }
  tenon_host* table() { return &table_; }

  void set_phase(Phase phase) { phase_ = phase; }
  Phase phase() const { return phase_; }
  /// Blocks that the provider took from alloc and has not freed.
  size_t live_blocks();

 private:
  static void log(void* ctx, uint32_t level, tenon_string text);
  static void* alloc(void* ctx, uint64_t bytes, uint64_t align);
  static void free(void* ctx, void* memory);
  static int32_t parallel_for(tenon_task* task, uint64_t n, void (*fn)(void*, uint64_t, uint32_t), void* arg);
  static uint32_t max_workers(tenon_task* task);
  static int32_t should_stop(tenon_task* task);
  static int32_t claim(tenon_sink* sink, const tenon_claim* claim);
  static int32_t refuse(tenon_sink* sink, const tenon_refusal* refusal);
  static int32_t weight_get(tenon_host_session* session, uint32_t const_id, uint64_t align, tenon_weight* out,
                            tenon_status* status);
  static int32_t alloc_output(tenon_run_handle* run, uint32_t index, const int64_t* dims, uint32_t rank,
                              uint64_t string_bytes, tenon_tensor* out, tenon_status* status);
  static const void* get_extension(void* ctx, tenon_string name);

  Reporter& report_;
  tenon_host table_{};
  std::atomic<Phase> phase_ = Phase::other;
  std::mutex mutex_;
  std::map<void*, Buffer> blocks_;
};

}  // namespace tenon::conform

/// Thread limit, order and cancellation of one call.
struct tenon_task {
  tenon::conform::Host* host = nullptr;
  uint32_t workers = 2;
  uint64_t seed = 1;
  std::atomic<int32_t> stop = TENON_OK;           // what should_stop says
  std::atomic<uint64_t> stop_after = UINT64_MAX;  // calls of fn before `stop_code` is set
  int32_t stop_code = TENON_CANCELLED;
  std::atomic<uint64_t> calls = 0;       // of fn
  std::atomic<uint64_t> stopped = 0;     // times that the provider was told to stop
  std::atomic<uint64_t> longest_ns = 0;  // CPU time of one fn call without a poll
};

/// Takes the answers of one query.
struct tenon_sink {
  tenon::conform::Host* host = nullptr;
  bool open = false;
  std::vector<tenon::conform::ClaimCopy> claims;
  std::vector<tenon::conform::RefusalCopy> refusals;
};

/// The constants of one graph, each in pages that cannot be written.
struct tenon_host_session {
  struct Weight {
    uint32_t dtype;
    std::vector<int64_t> dims;
    std::vector<std::byte> bytes;
    std::vector<tenon::conform::Buffer> given;  // one for each weight_get
  };
  tenon::conform::Host* host = nullptr;
  std::map<uint32_t, Weight> weights;
};

/// One execute under way.
struct tenon_run_handle {
  struct Output {
    uint32_t dtype;
    bool open;  // may be asked for
    std::vector<int64_t> dims;
    tenon::conform::Buffer memory;
    uint64_t bytes = 0;
    bool given = false;
  };
  tenon::conform::Host* host = nullptr;
  std::atomic<bool> active = false;
  std::vector<Output> outputs;
  uint8_t fill = 0;
};

#endif  // TOOLS_CONFORM_HOST_HPP_
