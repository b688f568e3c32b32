// SPDX-License-Identifier: Apache-2.0
#include "core/structure/branch.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/sched/plan.hpp"

namespace tenon {
namespace {

constexpr std::array<const char*, 2> kBranches = {"then_branch", "else_branch"};
constexpr size_t kFrames = 16;  // kept of one body

// The frame of a branch's body for what it captures now.
class BodyFrames {
 public:
  BodyFrames(const Frame& frame, const Segment& segment, const Instruction& instruction, uint32_t branch)
      : frame_(frame),
        segment_(segment),
        body_(*frame.program->bodies[instruction.bodies[branch]]),
        captured_(instruction.captures[branch]) {}

  Result<Frame*> take(std::vector<std::unique_ptr<Frame>>* frames) const {
    for (const std::unique_ptr<Frame>& frame : *frames) {
      if (serves(*frame)) {
        return frame.get();
      }
    }
    TENON_ASSIGN_OR_RETURN(std::unique_ptr<Frame> made,
                           make_frame(body_, key(), frame_.memory, frame_.pool, frame_.top));
    if (frames->size() >= kFrames) {
      frames->erase(frames->begin());
    }
    frames->push_back(std::move(made));
    return frames->back().get();
  }

 private:
  const std::byte* pointer(size_t i) const { return frame_.pointers[segment_.slots[captured_[i]].root]; }

  bool serves(const Frame& made) const {
    for (size_t i = 0; i < captured_.size(); ++i) {
      const ConstantPtr& contents = made.key[i].contents;
      if (contents != nullptr && contents->bytes > 0 && std::memcmp(contents->data, pointer(i), contents->bytes) != 0) {
        return false;
      }
    }
    return true;
  }

  std::vector<KnownValue> key() const {
    std::vector<KnownValue> key;
    for (size_t i = 0; i < captured_.size(); ++i) {
      const Extent extent = extent_of(frame_, segment_, captured_[i]);
      KnownValue known;
      known.value = body_.graph->captures[i].inner;
      known.dims = std::vector<int64_t>(extent.dims, extent.dims + extent.rank);
      if (body_.shapes->wants_contents(known.value)) {
        known.contents =
            make_constant(frame_.program->slots[captured_[i]].dtype, *known.dims, pointer(i), extent.bytes);
      }
      key.push_back(std::move(known));
    }
    return key;
  }

  const Frame& frame_;
  const Segment& segment_;
  const Program& body_;
  const std::vector<SlotId>& captured_;
};

// What the body has made is read where it lies.
void lend_outputs(const Frame& body, const Instruction& instruction, Frame* frame) {
  for (size_t i = 0; i < instruction.outputs.size(); ++i) {
    const SlotId slot = instruction.outputs[i];
    if (slot == kNone) {
      continue;
    }
    const SlotId inner = body.program->outputs[i];
    const Extent extent = extent_of(body, *body.last, inner);
    Dynamic& dynamic = *frame->dynamics[slot];
    std::copy_n(extent.dims, extent.rank, dynamic.dims);
    dynamic.rank = extent.rank;
    dynamic.bytes = extent.bytes;
    frame->pointers[slot] = body.pointers[body.last->slots[inner].root];
    frame->sizes[slot] = extent.bytes;
  }
}

}  // namespace

Instruction lower_branch(const Graph& graph, NodeId id, SlotMaker* slots) {
  const Node& node = graph.nodes[id];
  Instruction instruction;
  instruction.kind = InstructionKind::branch;
  instruction.node = id;
  instruction.inputs = {slots->plain_slot(node.inputs[0])};
  for (const char* name : kBranches) {
    const Graph* body = node.body(name);
    instruction.bodies.push_back(slots->body_index(body));
    std::vector<SlotId> captured;
    for (const Capture& capture : body->captures) {
      captured.push_back(slots->plain_slot(capture.outer));
    }
    instruction.captures.push_back(std::move(captured));
  }
  for (ValueId value : node.outputs) {
    instruction.outputs.push_back(value == kNone ? kNone : slots->made_slot(value, Place{}));
  }
  return instruction;
}

Status run_branch(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body) {
  const Instruction& instruction = frame->program->instructions[step->instruction];
  const SlotState& condition = segment.slots[instruction.inputs[0]];
  const uint32_t branch = frame->pointers[condition.root][0] != std::byte{0} ? 0 : 1;
  TENON_ASSIGN_OR_RETURN(Frame * body, BodyFrames(*frame, segment, instruction, branch).take(&step->bodies[branch]));
  const std::vector<SlotId>& captured = instruction.captures[branch];
  for (size_t i = 0; i < captured.size(); ++i) {
    const SlotId inner = body->program->captures[i];
    body->pointers[inner] = frame->pointers[segment.slots[captured[i]].root];
    body->sizes[inner] = extent_of(*frame, segment, captured[i]).bytes;
  }
  body->task = frame->task;
  TENON_ASSIGN_OR_RETURN(const bool moved, body->take_block(body->root.get()));
  if (moved) {
    body->publish(*body->root);
  }
  TENON_RETURN_IF_ERROR(run_body(*body));
  lend_outputs(*body, instruction, frame);
  return {};
}

}  // namespace tenon
