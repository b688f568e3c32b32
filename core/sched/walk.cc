// SPDX-License-Identifier: Apache-2.0
#include "core/sched/walk.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/base/fp_guard.hpp"
#include "core/base/time.hpp"
#include "core/sched/allocator.hpp"
#include "core/sched/plan.hpp"

namespace tenon {
namespace {

constexpr size_t kContinuations = 16;  // segments kept after one, and frames of one body

std::string shown(const int64_t* dims, uint32_t rank) {
  std::string text = "[";
  for (uint32_t i = 0; i < rank; ++i) {
    text += (i > 0 ? "," : "") + std::to_string(dims[i]);
  }
  return text + "]";
}

Status stopped(int32_t code) {
  return Status(code, code == TENON_DEADLINE ? "the run's deadline has passed" : "the run was cancelled");
}

// Dims and bytes of a slot at the end of a segment.
struct Extent {
  const int64_t* dims;
  uint32_t rank;
  uint64_t bytes;
};

Extent extent_of(const Frame& frame, const Segment& segment, SlotId slot) {
  const SlotState& state = segment.slots[slot];
  if (const Dynamic* dynamic = frame.dynamics[slot].get(); dynamic != nullptr) {
    return {dynamic->dims, dynamic->rank, frame.sizes[slot]};
  }
  const bool varies = frame.program->slots[slot].dtype == TENON_STRING && state.bytes == 0;
  return {state.dims, state.rank, varies ? frame.sizes[state.root] : state.bytes};
}

}  // namespace

Status Walk::run() {
  std::fill(frame_.outputs.begin(), frame_.outputs.end(), OutputState::elsewhere);
  Segment* segment = frame_.root.get();
  while (true) {
    frame_.last = segment;
    TENON_RETURN_IF_ERROR(enter(*segment));
    for (Step& each : segment->steps) {
      if (frame_.task.stop != nullptr || frame_.task.deadline_ns != 0) {
        if (const int32_t code = should_stop(&frame_.task); code != TENON_OK) {
          return stopped(code);
        }
      }
      if (spans_ == nullptr) {
        TENON_RETURN_IF_ERROR(step(*segment, each));
        continue;
      }
      const uint64_t begin = now_ns();
      TENON_RETURN_IF_ERROR(step(*segment, each));
      if (each.kind != InstructionKind::branch) {
        spans_->push_back({&program_, each.instruction, 0, begin, now_ns()});
      }
    }
    if (segment->end == program_.instructions.size()) {
      break;
    }
    TENON_ASSIGN_OR_RETURN(segment, next(*segment));
  }
  for (uint32_t k = 0; k < outputs_.size(); ++k) {
    if (outputs_[k].wanted && frame_.outputs[k] != OutputState::in_place) {
      TENON_RETURN_IF_ERROR(close_output(*segment, k));
    }
  }
  return {};
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
  std::string got = std::string(dtype_name(given.dtype)) + " " + shown(given.dims, given.rank);
  std::string expected = std::string(dtype_name(program_.slots[slot].dtype)) + " " + shown(dims, rank);
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
  switch (step.kind) {
    case InstructionKind::region:
      return run_region(step);
    case InstructionKind::branch:
      return run_branch(segment, step);
    case InstructionKind::copy:
      return copy_now(step.from, step.to, &frame_.task);
    default:
      return {};
  }
}

Status Walk::run_region(Step& step) {
  uint64_t point = 0;
  if (step.timeline != nullptr) {
    point = step.timeline->next();
    step.signal = step.timeline->point(point);
  }
  const Instruction& instruction = program_.instructions[step.instruction];
  if (step.allocator != nullptr) {
    for (SlotId slot : instruction.outputs) {
      if (frame_.dynamics[slot] != nullptr) {
        frame_.dynamics[slot]->set = false;
      }
    }
  }
  Status status = step.region->execute(*step.prepared, step.run);
  if (status.ok() && step.timeline != nullptr) {
    status = step.timeline->wait(point);
  }
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

Status Walk::run_branch(const Segment& segment, Step& step) {
  const Instruction& instruction = program_.instructions[step.instruction];
  const SlotState& condition = segment.slots[instruction.inputs[0]];
  const uint32_t branch = frame_.pointers[condition.root][0] != std::byte{0} ? 0 : 1;
  TENON_ASSIGN_OR_RETURN(Frame * body, body_frame(segment, step, branch));
  const std::vector<SlotId>& captured = instruction.captures[branch];
  for (size_t i = 0; i < captured.size(); ++i) {
    const SlotId inner = body->program->captures[i];
    body->pointers[inner] = frame_.pointers[segment.slots[captured[i]].root];
    body->sizes[inner] = extent_of(frame_, segment, captured[i]).bytes;
  }
  body->task = frame_.task;
  TENON_ASSIGN_OR_RETURN(const bool moved, body->take_block(body->root.get()));
  if (moved) {
    body->publish(*body->root);
  }
  TENON_RETURN_IF_ERROR(Walk(*body, {}, nullptr, spans_).run());
  for (size_t i = 0; i < instruction.outputs.size(); ++i) {
    const SlotId slot = instruction.outputs[i];
    if (slot == kNone) {
      continue;
    }
    const SlotId inner = body->program->outputs[i];
    const Extent extent = extent_of(*body, *body->last, inner);
    Dynamic& dynamic = *frame_.dynamics[slot];
    std::copy_n(extent.dims, extent.rank, dynamic.dims);
    dynamic.rank = extent.rank;
    dynamic.bytes = extent.bytes;
    frame_.pointers[slot] = body->pointers[body->last->slots[inner].root];
    frame_.sizes[slot] = extent.bytes;
  }
  return {};
}

// The frame of a branch's body for what it captures now.
Result<Frame*> Walk::body_frame(const Segment& segment, Step& step, uint32_t branch) {
  const Instruction& instruction = program_.instructions[step.instruction];
  const Program& body = *program_.bodies[instruction.bodies[branch]];
  const std::vector<SlotId>& captured = instruction.captures[branch];
  std::vector<std::unique_ptr<Frame>>& frames = step.bodies[branch];
  const auto pointer = [&](size_t i) { return frame_.pointers[segment.slots[captured[i]].root]; };
  for (const std::unique_ptr<Frame>& frame : frames) {
    bool same = true;
    for (size_t i = 0; i < captured.size() && same; ++i) {
      const ConstantPtr& contents = frame->key[i].contents;
      same =
          contents == nullptr || contents->bytes == 0 || std::memcmp(contents->data, pointer(i), contents->bytes) == 0;
    }
    if (same) {
      return frame.get();
    }
  }
  std::vector<KnownValue> key;
  for (size_t i = 0; i < captured.size(); ++i) {
    const Extent extent = extent_of(frame_, segment, captured[i]);
    KnownValue known;
    known.value = body.graph->captures[i].inner;
    known.dims = std::vector<int64_t>(extent.dims, extent.dims + extent.rank);
    if (body.shapes->wants_contents(known.value)) {
      known.contents = make_constant(program_.slots[captured[i]].dtype, *known.dims, pointer(i), extent.bytes);
    }
    key.push_back(std::move(known));
  }
  TENON_ASSIGN_OR_RETURN(std::unique_ptr<Frame> made,
                         make_frame(body, std::move(key), frame_.memory, frame_.pool, frame_.top));
  if (frames.size() >= kContinuations) {
    frames.erase(frames.begin());
  }
  frames.push_back(std::move(made));
  return frames.back().get();
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
