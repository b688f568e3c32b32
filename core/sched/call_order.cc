// SPDX-License-Identifier: Apache-2.0
#include "core/sched/call_order.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tenon {
namespace {

// The latest first: what it waits for need not be named again.
void sort_latest_first(std::vector<CallId>* calls) {
  std::sort(calls->begin(), calls->end(), std::greater<>());
  calls->erase(std::unique(calls->begin(), calls->end()), calls->end());
}

}  // namespace

bool CallOrder::covers(const Clock& clock, CallId call) const {
  const Call& about = calls_[call];
  return about.lane < clock.size() && clock[about.lane] >= about.position;
}

void CallOrder::merge(CallId call, Clock* clock) const {
  const auto raise = [&](size_t lane, uint32_t position) {
    if (clock->size() <= lane) {
      clock->resize(lane + 1, 0);
    }
    (*clock)[lane] = std::max((*clock)[lane], position);
  };
  raise(calls_[call].lane, calls_[call].position);
  if (call >= first_clock_) {
    const Clock& known = clocks_[call - first_clock_];
    for (size_t lane = 0; lane < known.size(); ++lane) {
      raise(lane, known[lane]);
    }
  }
}

std::vector<CallId> CallOrder::wait(std::vector<CallId> after) {
  sort_latest_first(&after);
  std::vector<CallId> waits;
  for (CallId call : after) {
    if (!covers(host_, call)) {
      waits.push_back(call);
      merge(call, &host_);
    }
  }
  return waits;
}

Result<CallOrder::Placed> CallOrder::add(const CallTarget& target, std::vector<CallId> after,
                                         std::vector<LaneInfo>* lanes, const MakeLane& make_lane) {
  Placed placed;
  if (size() >= kWindow) {
    placed.host_waits = wait({size() - kWindow});
  }
  sort_latest_first(&after);
  Clock clock = host_;
  for (CallId call : after) {
    if (covers(clock, call)) {
      continue;
    }
    const LaneInfo& from = (*lanes)[calls_[call].lane];
    if (from.device == target.device || (target.import_kinds >> from.kind & 1) != 0) {
      placed.waits.push_back(call);
    } else {
      placed.host_waits.push_back(call);
      merge(call, &host_);
    }
    merge(call, &clock);
  }
  placed.lane = free_lane(target.device, clock, placed.waits, *lanes);
  if (placed.lane == kNoCall) {
    const auto count =
        std::count_if(lanes->begin(), lanes->end(), [&](const LaneInfo& lane) { return lane.device == target.device; });
    if (count < kMaxLanes) {
      placed.lane = static_cast<uint32_t>(lanes->size());
      TENON_ASSIGN_OR_RETURN(const uint32_t kind, make_lane(target.device));
      lanes->push_back({target.device, kind});
    } else {
      placed.lane = oldest_lane(target.device, *lanes);
      placed.waits.push_back(tails_[placed.lane]);
      merge(tails_[placed.lane], &clock);
    }
  }
  tails_.resize(std::max(tails_.size(), lanes->size()), kNoCall);
  const CallId tail = tails_[placed.lane];
  placed.call = size();
  tails_[placed.lane] = placed.call;
  calls_.push_back({placed.lane, tail == kNoCall ? 1 : calls_[tail].position + 1});
  clocks_.push_back(std::move(clock));
  return placed;
}

// A lane whose last call is complete before a call with this clock begins, that of a call it waits for before others.
// kNoCall: none.
uint32_t CallOrder::free_lane(uint32_t device, const Clock& clock, const std::vector<CallId>& waits,
                              const std::vector<LaneInfo>& lanes) const {
  uint32_t found = kNoCall;
  for (uint32_t lane = 0; lane < lanes.size(); ++lane) {
    if (lanes[lane].device != device) {
      continue;
    }
    const CallId tail = lane < tails_.size() ? tails_[lane] : kNoCall;
    if (tail != kNoCall && std::find(waits.begin(), waits.end(), tail) != waits.end()) {
      return lane;
    }
    if (found == kNoCall && (tail == kNoCall || covers(clock, tail))) {
      found = lane;
    }
  }
  return found;
}

uint32_t CallOrder::oldest_lane(uint32_t device, const std::vector<LaneInfo>& lanes) const {
  uint32_t oldest = kNoCall;
  for (uint32_t lane = 0; lane < lanes.size(); ++lane) {
    if (lanes[lane].device == device && (oldest == kNoCall || tails_[lane] < tails_[oldest])) {
      oldest = lane;
    }
  }
  return oldest;
}

void CallOrder::close() {
  first_clock_ = size();
  clocks_.clear();
}

void MemoryUse::collect(const Access& access, std::vector<CallId>* after) const {
  const auto space = spaces_.find(access.space);
  if (space == spaces_.end() || access.begin >= access.end) {
    return;
  }
  const Pieces& pieces = space->second;
  auto piece = pieces.upper_bound(access.begin);
  if (piece != pieces.begin() && std::prev(piece)->second.end > access.begin) {
    --piece;
  }
  for (; piece != pieces.end() && piece->first < access.end; ++piece) {
    if (piece->second.writer != kNoCall) {
      after->push_back(piece->second.writer);
    }
    if (access.writes) {
      after->insert(after->end(), piece->second.readers.begin(), piece->second.readers.end());
    }
  }
}

// No piece reaches across `at` afterwards.
void MemoryUse::split(Pieces* pieces, uint64_t at) {
  auto piece = pieces->lower_bound(at);
  if (piece == pieces->begin()) {
    return;
  }
  --piece;
  if (piece->second.end > at) {
    Piece rest = piece->second;
    piece->second.end = at;
    pieces->emplace(at, std::move(rest));
  }
}

void MemoryUse::record(const Access& access, CallId call) {
  if (access.begin >= access.end || (call == kNoCall && !access.writes)) {
    return;
  }
  Pieces& pieces = spaces_[access.space];
  split(&pieces, access.begin);
  split(&pieces, access.end);
  const auto first = pieces.lower_bound(access.begin);
  const auto last = pieces.lower_bound(access.end);
  if (access.writes) {
    pieces.erase(first, last);
    if (call != kNoCall) {
      pieces[access.begin] = {access.end, call, {}};
    }
    return;
  }
  // Stretches that no call has touched become pieces of their own.
  std::vector<std::pair<uint64_t, uint64_t>> gaps;
  uint64_t at = access.begin;
  for (auto piece = first; piece != last; ++piece) {
    if (piece->first > at) {
      gaps.emplace_back(at, piece->first);
    }
    piece->second.readers.push_back(call);
    at = piece->second.end;
  }
  if (at < access.end) {
    gaps.emplace_back(at, access.end);
  }
  for (const auto& [begin, end] : gaps) {
    pieces[begin] = {end, kNoCall, {call}};
  }
}

}  // namespace tenon
