// SPDX-License-Identifier: Apache-2.0
// Which asynchronous calls of a run wait for which, worked out while a segment is planned [R10].
//
// Calls get lanes: one timeline each, on which every call comes after the one before it, so that a timeline's value
// only grows whatever order a device finishes its work in. Lanes are spread over the device's queues.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "core/base/status.hpp"

namespace tenon {

using CallId = uint32_t;  // asynchronous calls are numbered in the order in which they are made
inline constexpr CallId kNoCall = UINT32_MAX;

// What a call is made on.
struct CallTarget {
  uint32_t device = 0;        // equal numbers: the same device of the same provider
  uint64_t import_kinds = 0;  // bit k: can be handed points of timelines of kind k
};

struct LaneInfo {
  uint32_t device = 0;
  uint32_t kind = 0;  // of its timeline
};

// The order of the calls on the way to, and through, one segment. Copied to plan what follows.
class CallOrder {
 public:
  // At most this many calls are under way at once, so that a run that is stopped ends soon.
  static constexpr uint32_t kWindow = 64;
  // Of one device. Beyond that, calls wait for others that they would not need.
  static constexpr uint32_t kMaxLanes = 16;

  struct Placed {
    CallId call = kNoCall;
    uint32_t lane = 0;
    std::vector<CallId> waits;       // whose points are handed to the call
    std::vector<CallId> host_waits;  // that the host waits for before it makes the call
  };
  // Adds a lane for calls on this device and answers the kind of its timeline.
  using MakeLane = std::function<Result<uint32_t>(uint32_t device)>;

  // A call that must come after all of `after`. `lanes`: those of the frame, which `make_lane` extends. Waits that
  // others imply are left out.
  Result<Placed> add(const CallTarget& target, std::vector<CallId> after, std::vector<LaneInfo>* lanes,
                     const MakeLane& make_lane);
  // The host, or a provider that is complete on return, needs all of `after`: what the host has to wait for.
  std::vector<CallId> wait(std::vector<CallId> after);
  // Forgets how the calls so far depend on each other: of them, only those of one lane count as ordered from here on.
  void close();

  uint32_t size() const { return static_cast<uint32_t>(calls_.size()); }

 private:
  using Clock = std::vector<uint32_t>;  // by lane: so many of its calls are complete
  struct Call {
    uint32_t lane;
    uint32_t position;  // 1 for the first one
  };

  bool covers(const Clock& clock, CallId call) const;
  void merge(CallId call, Clock* clock) const;
  uint32_t free_lane(uint32_t device, const Clock& clock, const std::vector<CallId>& waits,
                     const std::vector<LaneInfo>& lanes) const;
  uint32_t oldest_lane(uint32_t device, const std::vector<LaneInfo>& lanes) const;

  std::vector<Call> calls_;
  std::vector<CallId> tails_;  // by lane: its last call; kNoCall: none on this way
  Clock host_;                 // what the host has waited for
  std::vector<Clock> clocks_;  // by call from first_clock_ on: what is complete when that call is
  CallId first_clock_ = 0;
};

// Which calls read and write each stretch of memory, for those that use it next.
class MemoryUse {
 public:
  struct Access {
    uint32_t space = 0;  // number of an arena, a block or an output
    uint64_t begin = 0, end = 0;
    bool writes = false;
  };
  // Adds to `after` what has to be complete before such an access: what last wrote the stretch and, before a write, all
  // that read it since.
  void collect(const Access& access, std::vector<CallId>* after) const;
  // `call` makes the access. kNoCall: it comes after all that collect has named, and is complete when the host goes on.
  void record(const Access& access, CallId call);

 private:
  struct Piece {
    uint64_t end = 0;
    CallId writer = kNoCall;
    std::vector<CallId> readers;
  };
  using Pieces = std::map<uint64_t, Piece>;  // by begin; they do not overlap
  static void split(Pieces* pieces, uint64_t at);

  std::map<uint32_t, Pieces> spaces_;
};

}  // namespace tenon
