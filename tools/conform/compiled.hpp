// SPDX-License-Identifier: Apache-2.0
// A claim taken through compile, prepack, prepare and execute, with everything that comes back looked at.
#ifndef TOOLS_CONFORM_COMPILED_HPP_
#define TOOLS_CONFORM_COMPILED_HPP_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graphs.hpp"
#include "placed.hpp"
#include "provider.hpp"

namespace tenon::conform {

/// A graph with what it takes to run it.
struct Case {
  std::string name;
  GraphSpec graph;
  std::vector<std::vector<int64_t>> dims;  // of every value in a run; TENON_UNKNOWN_DIM where only the data tells
  std::map<uint32_t, Tensor> inputs;       // by value id; without constants
};

/// Packed weights, shared between execs as a host does: by constant and key.
using PackStore = std::map<std::pair<uint32_t, std::string>, std::shared_ptr<Placed>>;

struct RunSettings {
  uint32_t workers = 2;
  uint64_t seed = 1;
  uint32_t queue = 0;
  uint8_t fill = 0xA5;  // of outputs and workspace before the run
  Guard guard = Guard::bytes;
  bool strided = false;
  int32_t stop_code = TENON_CANCELLED;
  uint64_t stop_after = UINT64_MAX;  // calls of parallel_for's fn
  std::vector<tenon_point> waits;
};

struct Outcome {
  bool ran = false;  // execute was called; else what went wrong before was reported
  int32_t code = TENON_OK;
  bool late = false;  // the code came by a timeline
  std::string text;
  std::vector<Tensor> outputs;  // when code is TENON_OK
  uint64_t stopped = 0;         // times that the provider was told to stop
  uint64_t longest_ns = 0;      // CPU time of one fn call without a poll
};

/// One run that was started and not waited for.
class Flight;

/// Shortens all waits for signals: this provider is known not to reach some.
void expect_missed_signals();

class Compiled {
 public:
  /// `packs` may be NULL. State is told by `state()`; a failure other than DECLINED was reported.
  Compiled(Session& session, const Case& what, const ClaimCopy& claim, PackStore* packs);
  Compiled(const Compiled&) = delete;
  ~Compiled();

  enum class State { ready, declined, failed };
  State state() const { return state_; }
  const tenon_exec_info& info() const { return info_; }
  /// "Add of 'add broadcast'", for evidence.
  const std::string& name() const { return name_; }
  const GraphSpec& region() const { return region_; }
  /// The rule agreed for an input or output of the region.
  tenon_value_rule input_rule(size_t i) const { return rules_[i]; }
  tenon_value_rule output_rule(size_t i) const { return rules_[region_.inputs.size() + i]; }
  bool any_rule(uint32_t flag) const;

  /// A whole run. Thread-safe when the intermediate values of the case are given.
  Outcome run(const std::map<uint32_t, Tensor>& values, const RunSettings& settings) const;

 private:
  friend class Flight;
  void agree_rules(const ClaimCopy& claim);
  void check_info();
  void check_packs();
  bool prepack(PackStore* packs);
  bool pack_one(uint32_t index, const tenon_pack_request& request, PackStore* packs);
  plugin::Records<const tenon_pack_request> requests() const { return {info_.packs, info_.npacks, info_.pack_stride}; }

  Session& session_;
  const Provider& provider_;
  Reporter& report_;
  const Case& case_;
  std::string name_;
  GraphSpec region_;
  std::vector<tenon_value_rule> rules_;
  State state_ = State::failed;
  tenon_exec* exec_ = nullptr;
  tenon_exec_info info_{};
  std::vector<std::shared_ptr<Placed>> packed_;
  std::vector<bool> original_gone_;  // by input
};

class Flight {
 public:
  Flight(const Compiled& compiled, const std::map<uint32_t, Tensor>& values, const RunSettings& settings);
  Flight(const Flight&) = delete;
  ~Flight();

  /// Places tensors, prepares and calls execute; false after a report.
  bool start();
  /// Waits, looks at guards and reads the outputs.
  Outcome finish();
  const Moment* done() const { return done_.get(); }

 private:
  bool place_inputs();
  bool place_outputs();
  bool prepare();
  void check_prepared_dims();
  void check_damage();
  bool read_outputs();
  std::vector<int64_t> output_dims(size_t i) const;

  const Compiled& c_;
  const Provider& provider_;
  Reporter& report_;
  const std::map<uint32_t, Tensor>& values_;
  RunSettings settings_;
  Outcome outcome_;
  tenon_task task_;
  tenon_run_handle handle_;
  std::vector<std::unique_ptr<Placed>> inputs_;
  std::vector<std::unique_ptr<Placed>> outputs_;  // NULL where alloc_output gives the memory
  std::vector<std::vector<int64_t>> prepared_dims_;
  std::vector<std::vector<int64_t>> open_dims_;
  std::vector<tenon_tensor> input_records_;
  std::vector<tenon_tensor> output_records_;
  tenon_prepared* prepared_ = nullptr;
  Buffer workspace_;
  std::unique_ptr<Moment> done_;
};

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_COMPILED_HPP_
