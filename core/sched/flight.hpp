// SPDX-License-Identifier: Apache-2.0
// The asynchronous calls of a frame's run that are under way [R10].
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/host/device.hpp"
#include "core/sched/call_order.hpp"
#include "core/sched/profile.hpp"

namespace tenon {

// Calls on one timeline and one queue, each of which begins after the one before it is complete.
struct Lane {
  std::shared_ptr<Timeline> timeline;
  uint32_t queue = 0;
  uint64_t sent = 0;  // value of its last call in the run under way; 0: none
};

// How a step is ordered with others. The plan decides everything but the values of points.
struct Call {
  uint32_t instruction = 0;
  Lane* lane = nullptr;                 // NULL: complete on return
  std::vector<const Call*> after;       // whose points the call is handed
  std::vector<const Call*> host_after;  // what the host waits for before the step
  std::vector<tenon_point> waits;       // the points of `after` in the run under way
  tenon_point signal = {};              // its own
  size_t span = 0;                      // index in the profile's spans, when that is recorded
};

// One thread.
class Flight {
 public:
  // For planning. Devices are numbered from 0.
  uint32_t device_number(Provider& provider, uint32_t index);
  // One more lane on a device, and the kind of its timeline.
  Result<uint32_t> make_lane(uint32_t device);
  std::vector<LaneInfo>* lane_infos() { return &infos_; }
  Lane* lane(uint32_t index) { return lanes_[index].get(); }
  // So many calls are noted without allocating.
  void reserve(size_t calls) { sent_.reserve(calls); }

  // `spans`: NULL when nothing is recorded; `program`: whose instructions the calls are.
  void begin(const Program* program, std::vector<Span>* spans) {
    program_ = program;
    spans_ = spans;
  }
  // Fills in the points of a call that is about to be made.
  void arm(Call* call) const;
  // The provider has taken the call, which was made at begin_ns (of now_ns(), for the profile).
  void sent(Call* call, uint64_t begin_ns);
  bool idle() const { return sent_.empty(); }
  // Until these are complete. The code and words with which a timeline was poisoned.
  Status wait(std::span<const Call* const> calls);
  // Until nothing is under way; afterwards nobody touches the run's memory. The words of a poisoned timeline, and in
  // *instruction that of the first call which it fails.
  Status drain(uint32_t* instruction);

 private:
  struct Device {
    Provider* provider;
    uint32_t index;
    uint32_t lanes;
  };
  Status wait_for(Timeline& timeline, uint64_t value);
  void observe();

  std::vector<Device> devices_;
  std::vector<LaneInfo> infos_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<const Call*> sent_;  // in this run
  size_t observed_ = 0;            // so many of sent_ are known to be complete
  const Program* program_ = nullptr;
  std::vector<Span>* spans_ = nullptr;
};

}  // namespace tenon
