// SPDX-License-Identifier: Apache-2.0
#include "core/sched/flight.hpp"

#include <algorithm>
#include <utility>

#include "core/base/time.hpp"
#include "core/host/provider.hpp"

namespace tenon {
namespace {

// How often a recorded run looks which calls are complete while the host waits for one.
constexpr uint64_t kLookNs = 100'000;

}  // namespace

uint32_t Flight::device_number(Provider& provider, uint32_t index) {
  for (uint32_t i = 0; i < devices_.size(); ++i) {
    if (devices_[i].provider == &provider && devices_[i].index == index) {
      return i;
    }
  }
  devices_.push_back({&provider, index, 0});
  return static_cast<uint32_t>(devices_.size() - 1);
}

Result<uint32_t> Flight::make_lane(uint32_t device) {
  Device& on = devices_[device];
  auto lane = std::make_unique<Lane>();
  TENON_ASSIGN_OR_RETURN(lane->timeline, Timeline::create(*on.provider, on.index));
  lane->queue = on.lanes++ % std::max(1u, on.provider->devices()[on.index].nqueues);
  lanes_.push_back(std::move(lane));
  return lanes_.back()->timeline->kind();
}

void Flight::arm(Call* call) const {
  for (size_t i = 0; i < call->after.size(); ++i) {
    call->waits[i].value = call->after[i]->signal.value;
  }
  call->signal.value = call->lane->timeline->next();
}

void Flight::sent(Call* call, uint64_t begin_ns) {
  call->lane->sent = call->signal.value;
  sent_.push_back(call);
  if (spans_ != nullptr) {
    call->span = spans_->size();
    spans_->push_back({program_, call->instruction, 0, begin_ns, 0});
    observe();
  }
}

Status Flight::wait_for(Timeline& timeline, uint64_t value) {
  if (spans_ == nullptr) {
    return timeline.wait(value);
  }
  while (true) {
    const uint64_t begin = now_ns();
    Status status = timeline.wait(value, kLookNs);
    observe();
    // A poison with the code of a wait that timed out is told by its haste.
    if (status.code() != TENON_DEADLINE || now_ns() - begin < kLookNs / 2) {
      return status;
    }
  }
}

// Notes the end of calls that are complete. A call begins when what it waits for is complete, however early the host
// has made it.
void Flight::observe() {
  for (size_t i = observed_; i < sent_.size(); ++i) {
    const Call& call = *sent_[i];
    Span& span = (*spans_)[call.span];
    if (span.end == 0 && call.lane->timeline->wait(call.signal.value, 0).code() != TENON_DEADLINE) {
      span.end = std::max(span.begin, now_ns());
      for (const Call* before : call.after) {
        Span& waited = (*spans_)[before->span];
        waited.end = waited.end == 0 ? span.end : waited.end;
        span.begin = std::max(span.begin, waited.end);
      }
    }
    observed_ += i == observed_ && span.end != 0 ? 1 : 0;
  }
}

Status Flight::wait(std::span<const Call* const> calls) {
  for (const Call* call : calls) {
    TENON_RETURN_IF_ERROR(wait_for(*call->lane->timeline, call->signal.value));
  }
  return {};
}

Status Flight::drain(uint32_t* instruction) {
  Status failure;
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    if (lane->sent != 0) {
      Status status = wait_for(*lane->timeline, lane->sent);
      lane->sent = 0;
      if (failure.ok()) {
        failure = std::move(status);
      }
    }
  }
  for (size_t i = 0; i < sent_.size() && !failure.ok(); ++i) {
    Status status = sent_[i]->lane->timeline->wait(sent_[i]->signal.value, 0);
    if (!status.ok()) {
      *instruction = sent_[i]->instruction;
      failure = std::move(status);
      break;
    }
  }
  if (spans_ != nullptr) {
    const uint64_t now = now_ns();
    for (const Call* call : sent_) {
      Span& span = (*spans_)[call->span];
      span.end = span.end == 0 ? std::max(span.begin, now) : span.end;
    }
  }
  sent_.clear();
  observed_ = 0;
  return failure;
}

}  // namespace tenon
