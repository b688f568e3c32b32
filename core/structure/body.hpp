// SPDX-License-Identifier: Apache-2.0
// Bodies: a graph attribute's program runs in a frame of its own, which borrows what it is given and lends what it has
// made.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/sched/frame.hpp"

namespace tenon {

// Runs a body's frame whose pointers of inputs and captures, and task, are set.
using RunBody = std::function<Status(Frame& body)>;

class Lease;

// What goes into a body or comes out of it: an object, or a tensor where it lies.
struct BodyValue {
  std::byte* data = nullptr;
  uint64_t bytes = 0;
  uint32_t rank = 0;
  int64_t dims[TENON_MAX_RANK] = {};
  ObjectPtr object;
  std::shared_ptr<Lease> lease;  // of the iteration in whose memory the tensor lies; NULL: it stays to the end
  bool changes = false;          // the memory is written before the next iteration: the body gets a copy
  bool staged = false;           // the body has got a copy
};

// The value of a slot of the graph around a body.
BodyValue value_of(const Frame& frame, const Segment& segment, SlotId slot);

// One body of a step that is being run.
struct BodyCall {
  Frame& frame;  // around the body
  const Segment& segment;
  Step& step;
  uint32_t body = 0;  // index in the instruction's bodies

  const Instruction& instruction() const { return frame.program->instructions[step.instruction]; }
  const Program& program() const { return *frame.program->bodies[instruction().bodies[body]]; }
};

// A frame that is not lent, for inputs of these dims and (where shapes want them) contents. A bounded number is kept.
// Allocates nothing where such a frame exists. Errors: what planning answers.
Result<Frame*> body_frame(const BodyCall& call, std::span<const BodyValue> inputs);
// Lets input `index` of the body lie where the value does, or in a copy of the frame's when that memory changes or is
// not aligned for it. Sets `staged`; an object is moved. LIMIT, OUT_OF_MEMORY.
Status hand_input(Frame* body, size_t index, BodyValue* value);
// Hands over what the body captures, and runs it.
Status run_frame(const BodyCall& call, Frame* body, const RunBody& run);
// Output `index` of a body that has run.
BodyValue output_of(const Frame& body, size_t index);

// Lets those who read a slot made by a structure node read the value where it lies, or a copy where they need it
// aligned. RUN when it is not what the plan counts on: its dtype, or dims that inference has told.
Status lend(Frame* frame, const Segment& segment, SlotId slot, const BodyValue& value);

// The memory of one iteration of a body: its blocks go back to the session's when nobody reads what it has made.
class Lease {
 public:
  explicit Lease(Frame* body) : body_(*body) { body->lent = true; }
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  // Takes what the run has got since it had `mark` blocks.
  void take_blocks(size_t mark);
  // Leaves them to the end of the run.
  void leave_blocks();

 private:
  Frame& body_;
  std::vector<std::unique_ptr<Block>> blocks_;
};

// Runs one body again and again. Iterations that follow each other have frames of their own, so that what one has made
// is read by the next where it lies; the memory of those before is used again.
class Repeater {
 public:
  Repeater(const BodyCall& call, const RunBody& run) : call_(call), run_(run) {}
  // One iteration. `outputs` may lie where inputs do. Objects among the inputs are moved out.
  Status once(std::span<BodyValue> inputs, std::vector<BodyValue>* outputs);
  // After the last one: these are read to the end of the run.
  static void leave(std::span<const BodyValue> values);

 private:
  const BodyCall& call_;
  const RunBody& run_;
};

}  // namespace tenon
