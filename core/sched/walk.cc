// SPDX-License-Identifier: Apache-2.0
#include "core/sched/walk.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/base/dims_text.hpp"
#include "core/base/fp_guard.hpp"
#include "core/base/time.hpp"
#include "core/sched/allocator.hpp"
#include "core/sched/plan.hpp"
#include "core/structure/structure.hpp"

namespace tenon {
namespace {

constexpr size_t kContinuations = 16;  // segments kept after one

Status stopped(int32_t code) {
  return Status(code, code == TENON_DEADLINE ? "the run's deadline has passed" : "the run was cancelled");
}

}  // namespace

Status Walk::run() {
  frame_.flight.begin(&program_, spans_);
  TENON_RETURN_IF_ERROR(land(walk()));
  for (uint32_t k = 0; k < outputs_.size(); ++k) {
    if (outputs_[k].wanted && frame_.outputs[k] != OutputState::in_place) {
      TENON_RETURN_IF_ERROR(close_output(*frame_.last, k));
    }
  }
  return {};
}

Status Walk::check_stop() const {
  if (frame_.task.stop != nullptr || frame_.task.deadline_ns != 0) {
    if (const int32_t code = should_stop(&frame_.task); code != TENON_OK) {
      return stopped(code);
    }
  }
  return {};
}

Status Walk::walk() {
  std::fill(frame_.outputs.begin(), frame_.outputs.end(), OutputState::elsewhere);
  Segment* segment = frame_.root.get();
  while (true) {
    frame_.last = segment;
    TENON_RETURN_IF_ERROR(enter(*segment));
    for (Step& each : segment->steps) {
      TENON_RETURN_IF_ERROR(check_stop());
      TENON_RETURN_IF_ERROR(step(*segment, each));
    }
    if (segment->end == program_.instructions.size()) {
      return {};
    }
    TENON_RETURN_IF_ERROR(frame_.flight.wait(segment->host_after));
    TENON_ASSIGN_OR_RETURN(segment, next(*segment));
  }
}

// Waits until nothing is under way. `status`: how the walk has ended. A late failure is told in its place, unless the
// caller has ended the run.
Status Walk::land(Status status) {
  if (frame_.flight.idle()) {
    return status;
  }
  uint32_t failed = kNone;
  Status failure = frame_.flight.drain(&failed);
  if (failure.ok()) {
    return status.ok() ? check_stop() : status;
  }
  frame_.top->broken = true;
  if (status.code() == TENON_CANCELLED || status.code() == TENON_DEADLINE || failed == kNone) {
    return status.ok() ? failure : status;
  }
  const Instruction& instruction = program_.instructions[failed];
  if (instruction.kind == InstructionKind::copy) {
    return failure.with_value(program_.graph->values[program_.slots[instruction.inputs[0]].value].name);
  }
  const Node& node = program_.graph->nodes[instruction.node];
  return failure.with_node(program_.graph->path_of(instruction.node), node.domain + "." + node.op);
}

Status Walk::enter(Segment& segment) {
  for (uint32_t k : segment.homes) {
    TENON_RETURN_IF_ERROR(open_output(segment, k));
  }
  for (const Patch& patch : segment.patches) {
    patch.tensor->data = frame_.pointers[patch.root];
    if (patch.tensor->dtype == TENON_STRING) {
      patch.tensor->bytes = frame_.sizes[patch.root];
    }
  }
  for (const Patch& patch : segment.device_patches) {
    patch.tensor->memory = frame_.dynamics[patch.root]->device.memory();
  }
  return {};
}

Status Walk::check_given(uint32_t index, const int64_t* dims, uint32_t rank, uint64_t bytes) const {
  const tenon_tensor& given = *outputs_[index].given;
  const SlotId slot = program_.outputs[index];
  const std::string& name = program_.graph->values[program_.graph->outputs[index]].name;
  const bool fits =
      given.dtype == program_.slots[slot].dtype && given.rank == rank && std::equal(dims, dims + rank, given.dims);
  if (fits && given.bytes >= bytes && given.strides == nullptr) {
    return {};
  }
  std::string got = std::string(dtype_name(given.dtype)) + " " + dims_text(given.dims, given.rank);
  std::string expected = std::string(dtype_name(program_.slots[slot].dtype)) + " " + dims_text(dims, rank);
  if (fits) {
    got = given.strides != nullptr ? "strides" : std::to_string(given.bytes) + " bytes";
    expected = "dense memory of " + std::to_string(bytes) + " bytes";
  }
  return Status(TENON_INVALID_TENSOR,
                "the tensor given for output '" + name + "' does not fit: got " + got + ", expected " + expected)
      .with_value(name)
      .with_expectation(got, expected);
}

Result<std::byte*> Walk::scratch(uint32_t index, uint64_t bytes) {
  Buffer& buffer = frame_.scratch[index];
  if (!buffer || buffer.bytes() < bytes) {
    buffer = Buffer();
    TENON_ASSIGN_OR_RETURN(buffer, frame_.memory->allocate(std::max<uint64_t>(bytes, 1), 64, "an output of the run"));
  }
  return buffer.data();
}

// An output that this segment writes in place gets its memory.
Status Walk::open_output(const Segment& segment, uint32_t index) {
  const SlotId slot = program_.outputs[index];
  const SlotState& state = segment.slots[slot];
  std::byte*& pointer = frame_.pointers[frame_.output_root(index)];
  const OutputPort& port = outputs_[index];
  frame_.outputs[index] = OutputState::in_place;
  if (port.wanted && port.given != nullptr) {
    TENON_RETURN_IF_ERROR(check_given(index, state.dims, state.rank, state.bytes));
    pointer = static_cast<std::byte*>(port.given->data);
    const bool aligned = reinterpret_cast<uintptr_t>(pointer) % frame_.output_align[index] == 0;
    if (!port.overlaps && (aligned || state.bytes == 0)) {
      return {};
    }
  } else if (port.wanted) {
    TENON_ASSIGN_OR_RETURN(pointer,
                           maker_->make_output(index, program_.slots[slot].dtype, state.dims, state.rank, state.bytes));
    return {};
  }
  frame_.outputs[index] = OutputState::scratch;
  TENON_ASSIGN_OR_RETURN(pointer, scratch(index, state.bytes));
  return {};
}

Status Walk::close_output(const Segment& segment, uint32_t index) {
  const SlotId slot = program_.outputs[index];
  if (program_.slots[slot].object) {
    return maker_->take_object(index, frame_.objects[slot]);
  }
  const SlotState& state = segment.slots[slot];
  const Extent extent = extent_of(frame_, segment, slot);
  std::byte* to = nullptr;
  if (outputs_[index].given != nullptr) {
    TENON_RETURN_IF_ERROR(check_given(index, extent.dims, extent.rank, extent.bytes));
    to = static_cast<std::byte*>(outputs_[index].given->data);
  } else {
    TENON_ASSIGN_OR_RETURN(
        to, maker_->make_output(index, program_.slots[slot].dtype, extent.dims, extent.rank, extent.bytes));
  }
  if (extent.bytes > 0) {
    std::memcpy(to, frame_.pointers[state.root], extent.bytes);
  }
  return {};
}

Status Walk::step(const Segment& segment, Step& step) {
  if (!step.call.host_after.empty()) {
    TENON_RETURN_IF_ERROR(frame_.flight.wait(step.call.host_after));
    TENON_RETURN_IF_ERROR(check_stop());
  }
  const uint64_t begin = spans_ != nullptr ? now_ns() : 0;
  switch (step.kind) {
    case InstructionKind::region:
      TENON_RETURN_IF_ERROR(run_region(step, begin));
      break;
    case InstructionKind::branch:
    case InstructionKind::loop:
      // Bodies without a step look here whether the run is to end.
      return run_structure(&frame_, segment, &step, [this](Frame& body) {
        TENON_RETURN_IF_ERROR(check_stop());
        return Walk(body, {}, nullptr, spans_).run();
      });
    case InstructionKind::object:
      TENON_RETURN_IF_ERROR(run_structure(&frame_, segment, &step, {}));
      break;
    case InstructionKind::copy:
      TENON_RETURN_IF_ERROR(run_copy(step, begin));
      break;
    default:
      return {};
  }
  if (spans_ != nullptr && step.call.lane == nullptr) {
    spans_->push_back({&program_, step.instruction, 0, begin, now_ns()});
  }
  return {};
}

// An asynchronous provider has answered. What it refuses to take may still have poisoned its timeline.
Status Walk::take_call(Step& step, const Status& answer, uint64_t begin_ns) {
  if (step.call.lane != nullptr && answer.ok()) {
    frame_.flight.sent(&step.call, begin_ns);
  } else if (step.call.lane != nullptr) {
    frame_.top->broken = true;
  }
  return answer;
}

Status Walk::run_copy(Step& step, uint64_t begin_ns) {
  if (step.copier == nullptr) {
    return copy_now(step.from, step.to, &frame_.task);
  }
  if (step.call.lane != nullptr) {
    frame_.flight.arm(&step.call);
  }
  return take_call(step, step.copier->copy(step.copy), begin_ns);
}

Status Walk::run_region(Step& step, uint64_t begin_ns) {
  if (step.call.lane != nullptr) {
    frame_.flight.arm(&step.call);
  }
  const Instruction& instruction = program_.instructions[step.instruction];
  if (step.allocator != nullptr) {
    for (SlotId slot : instruction.outputs) {
      if (frame_.dynamics[slot] != nullptr) {
        frame_.dynamics[slot]->set = false;
      }
    }
  }
  Status status = take_call(step, step.region->execute(*step.prepared, step.run), begin_ns);
  if (!FpGuard::as_wanted()) {
    return rule_broken(step.region->provider().id(), 12,
                       "node '" + program_.graph->path_of(instruction.node) +
                           "' left the thread with another rounding mode or flush-to-zero");
  }
  if (status.ok() && step.allocator != nullptr) {
    for (SlotId slot : instruction.outputs) {
      if (frame_.dynamics[slot] != nullptr && !frame_.dynamics[slot]->set) {
        return rule_broken(
            step.region->provider().id(), 8,
            "node '" + program_.graph->path_of(instruction.node) + "' did not ask for its output's memory");
      }
    }
  }
  return status;
}

Result<Segment*> Walk::next(Segment& segment) {
  Segment* found = nullptr;
  for (const std::unique_ptr<Segment>& child : segment.children) {
    if (continues(frame_, segment, *child)) {
      found = child.get();
      break;
    }
  }
  if (found == nullptr) {
    TENON_ASSIGN_OR_RETURN(std::unique_ptr<Segment> made, make_segment(&frame_, segment));
    if (segment.children.size() >= kContinuations) {
      segment.children.erase(segment.children.begin());
    }
    found = made.get();
    segment.children.push_back(std::move(made));
    segment.active = nullptr;
  }
  TENON_ASSIGN_OR_RETURN(const bool moved, frame_.take_block(found));
  if (moved || segment.active != found) {
    frame_.publish(*found);
    segment.active = found;
    found->active = nullptr;
  }
  return found;
}

}  // namespace tenon
