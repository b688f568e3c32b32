// SPDX-License-Identifier: Apache-2.0
#include "core/sched/order_calls.hpp"

#include <algorithm>
#include <utility>

#include "core/sched/plan.hpp"

namespace tenon {
namespace {

class CallPlanner {
 public:
  CallPlanner(Frame* frame, Segment* segment, const Stretches& stretches)
      : frame_(*frame), program_(*frame->program), segment_(*segment), stretches_(stretches) {}

  Status run() {
    size_t next = 0;
    for (uint32_t index = segment_.begin; index < segment_.end; ++index) {
      const Instruction& instruction = program_.instructions[index];
      if (instruction.kind == InstructionKind::view) {
        state(instruction.outputs[0]).maker = state(instruction.inputs[0]).maker;
      } else if (next < segment_.steps.size() && segment_.steps[next].instruction == index) {
        TENON_RETURN_IF_ERROR(add(instruction, &segment_.steps[next++]));
      }
    }
    std::vector<CallId> watched;
    for (SlotId slot : segment_.reports) {
      if (is_watched(program_, slot)) {
        read(slot, &watched);
      }
    }
    segment_.host_after = calls(segment_.order.wait(std::move(watched)));
    segment_.order.close();
    return {};
  }

 private:
  SlotState& state(SlotId slot) { return segment_.slots[slot]; }

  void read(SlotId slot, std::vector<CallId>* after) {
    if (slot == kNone) {
      return;
    }
    if (const Stretch& stretch = stretches_.slots[slot]; stretch.space != kNone) {
      use_.collect({stretch.space, stretch.begin, stretch.end, false}, after);
      reads_.push_back({stretch.space, stretch.begin, stretch.end, false});
    } else if (state(slot).maker != kNoCall) {
      after->push_back(state(slot).maker);
    }
  }

  void write(const Stretch& stretch, std::vector<CallId>* after) {
    if (stretch.space != kNone) {
      use_.collect({stretch.space, stretch.begin, stretch.end, true}, after);
      writes_.push_back({stretch.space, stretch.begin, stretch.end, true});
    }
  }

  Status add(const Instruction& instruction, Step* step) {
    std::vector<CallId> after;
    reads_.clear();
    writes_.clear();
    for (SlotId slot : instruction.inputs) {
      read(slot, &after);
    }
    for (const std::vector<SlotId>& captured : instruction.captures) {
      for (SlotId slot : captured) {
        read(slot, &after);
      }
    }
    for (SlotId slot : instruction.outputs) {
      if (slot != kNone) {
        write(stretches_.slots[slot], &after);
      }
    }
    if (const auto found = stretches_.workspaces.find(step->instruction); found != stretches_.workspaces.end()) {
      write(found->second, &after);
    }
    step->call.instruction = step->instruction;
    CallId call = kNoCall;
    const ProviderSession* session = session_of(instruction);
    if (session == nullptr || !session->provider().async()) {
      step->call.host_after = calls(segment_.order.wait(std::move(after)));
    } else {
      TENON_ASSIGN_OR_RETURN(call, place(*session, std::move(after), step));
    }
    for (const MemoryUse::Access& access : reads_) {
      use_.record(access, call);
    }
    for (const MemoryUse::Access& access : writes_) {
      use_.record(access, call);
    }
    for (SlotId slot : instruction.outputs) {
      if (slot != kNone) {
        state(slot).maker = call;
      }
    }
    return {};
  }

  // Who makes the call; NULL: core itself.
  const ProviderSession* session_of(const Instruction& instruction) const {
    if (instruction.kind == InstructionKind::region) {
      return program_.sessions[program_.placement.regions[instruction.region].provider].get();
    }
    if (instruction.kind == InstructionKind::copy) {
      const uint32_t session = copy_session(program_, instruction);
      return session == kNone ? nullptr : program_.sessions[session].get();
    }
    return nullptr;
  }

  Result<CallId> place(const ProviderSession& session, std::vector<CallId> after, Step* step) {
    Flight& flight = frame_.flight;
    const CallTarget target = {flight.device_number(session.provider(), session.device_index()),
                               session.device().import_kinds};
    TENON_ASSIGN_OR_RETURN(const CallOrder::Placed placed,
                           segment_.order.add(target, std::move(after), flight.lane_infos(),
                                              [&](uint32_t device) { return flight.make_lane(device); }));
    Call& call = step->call;
    call.lane = flight.lane(placed.lane);
    call.signal = call.lane->timeline->point(0);
    call.after = calls(placed.waits);
    call.host_after = calls(placed.host_waits);
    for (const Call* before : call.after) {
      call.waits.push_back(before->signal);
    }
    segment_.calls.push_back(&call);
    if (step->kind == InstructionKind::copy) {
      hand_over(&call, &step->copy);
    } else {
      hand_over(&call, &step->run);
    }
    return placed.call;
  }

  template <typename Record>
  static void hand_over(Call* call, Record* record) {
    record->queue = call->lane->queue;
    record->waits = call->waits.data();
    record->nwaits = static_cast<uint32_t>(call->waits.size());
    record->signals = &call->signal;
    record->nsignals = 1;
  }

  std::vector<const Call*> calls(const std::vector<CallId>& ids) const {
    std::vector<const Call*> found;
    for (CallId id : ids) {
      found.push_back(segment_.calls[id]);
    }
    return found;
  }

  Frame& frame_;
  const Program& program_;
  Segment& segment_;
  const Stretches& stretches_;
  MemoryUse use_;
  std::vector<MemoryUse::Access> reads_, writes_;
};

}  // namespace

Status order_calls(Frame* frame, Segment* segment, const Stretches& stretches) {
  return CallPlanner(frame, segment, stretches).run();
}

}  // namespace tenon
