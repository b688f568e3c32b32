// SPDX-License-Identifier: Apache-2.0
#include "core/structure/body.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/dims_text.hpp"
#include "core/sched/plan.hpp"

namespace tenon {
namespace {

constexpr size_t kFrames = 16;  // kept of one body

bool aligned(const std::byte* data, uint64_t align) { return reinterpret_cast<uintptr_t>(data) % align == 0; }

// The frame of a body for what it is given now.
class FrameFinder {
 public:
  FrameFinder(const BodyCall& call, std::span<const BodyValue> inputs)
      : call_(call), body_(call.program()), inputs_(inputs), captured_(call.instruction().captures[call.body]) {}

  bool serves(const Frame& made) const {
    if (made.lent) {
      return false;
    }
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const KnownValue& known = made.key[i];
      if (known.dims && (known.dims->size() != inputs_[i].rank ||
                         !std::equal(known.dims->begin(), known.dims->end(), inputs_[i].dims))) {
        return false;
      }
      if (!same(known.contents, inputs_[i].data)) {
        return false;
      }
    }
    // Dims of what is captured are those for which the step was planned.
    for (size_t i = 0; i < captured_.size(); ++i) {
      // A captured sequence has no contents and no bytes to point to.
      const ConstantPtr& contents = made.key[inputs_.size() + i].contents;
      if (contents != nullptr && !same(contents, pointer(i))) {
        return false;
      }
    }
    return true;
  }

  std::vector<KnownValue> key() const {
    std::vector<KnownValue> key;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const BodyValue& value = inputs_[i];
      key.push_back(known(body_.graph->inputs[i], body_.inputs[i], {value.dims, value.rank}, value.data, value.bytes));
    }
    for (size_t i = 0; i < captured_.size(); ++i) {
      const ValueId inner = body_.graph->captures[i].inner;
      if (body_.slots[body_.captures[i]].object) {
        key.push_back(KnownValue{inner, std::nullopt, nullptr});
        continue;
      }
      const Extent extent = extent_of(call_.frame, call_.segment, captured_[i]);
      key.push_back(known(inner, body_.captures[i], {extent.dims, extent.rank}, pointer(i), extent.bytes));
    }
    return key;
  }

 private:
  static bool same(const ConstantPtr& contents, const std::byte* data) {
    return contents == nullptr || contents->bytes == 0 || std::memcmp(contents->data, data, contents->bytes) == 0;
  }

  const std::byte* pointer(size_t capture) const {
    return call_.frame.pointers[call_.segment.slots[captured_[capture]].root];
  }

  KnownValue known(ValueId id, SlotId slot, std::span<const int64_t> dims, const std::byte* data,
                   uint64_t bytes) const {
    KnownValue known;
    known.value = id;
    if (body_.slots[slot].object) {
      return known;
    }
    known.dims = std::vector<int64_t>(dims.begin(), dims.end());
    if (body_.shapes->wants_contents(id)) {
      known.contents = make_constant(body_.slots[slot].dtype, *known.dims, data, bytes);
    }
    return known;
  }

  const BodyCall& call_;
  const Program& body_;
  std::span<const BodyValue> inputs_;
  const std::vector<SlotId>& captured_;
};

}  // namespace

BodyValue value_of(const Frame& frame, const Segment& segment, SlotId slot) {
  BodyValue value;
  if (frame.program->slots[slot].object) {
    value.object = frame.objects[slot];
    return value;
  }
  const Extent extent = extent_of(frame, segment, slot);
  value.data = frame.pointers[segment.slots[slot].root];
  value.bytes = extent.bytes;
  value.rank = extent.rank;
  std::copy_n(extent.dims, extent.rank, value.dims);
  return value;
}

Result<Frame*> body_frame(const BodyCall& call, std::span<const BodyValue> inputs) {
  std::vector<std::unique_ptr<Frame>>& frames = call.step.bodies[call.body];
  const FrameFinder finder(call, inputs);
  for (const std::unique_ptr<Frame>& frame : frames) {
    if (finder.serves(*frame)) {
      return frame.get();
    }
  }
  TENON_ASSIGN_OR_RETURN(std::unique_ptr<Frame> made,
                         make_frame(call.program(), finder.key(), call.frame.memory, call.frame.pool, call.frame.top));
  if (frames.size() >= kFrames) {
    const auto idle = std::find_if(frames.begin(), frames.end(), [](const auto& frame) { return !frame->lent; });
    if (idle != frames.end()) {
      frames.erase(idle);
    }
  }
  frames.push_back(std::move(made));
  return frames.back().get();
}

Status hand_input(Frame* body, size_t index, BodyValue* value) {
  const SlotId slot = body->program->inputs[index];
  if (body->program->slots[slot].object) {
    body->objects[slot] = std::move(value->object);
    return {};
  }
  value->staged = value->changes || !aligned(value->data, body->input_align[index]);
  body->pointers[slot] = value->data;
  body->sizes[slot] = value->bytes;
  if (!value->staged) {
    return {};
  }
  Buffer& buffer = body->staging[index];
  if (!buffer || buffer.bytes() < value->bytes) {
    buffer = Buffer();
    TENON_ASSIGN_OR_RETURN(
        buffer, body->memory->allocate(std::max<uint64_t>(value->bytes, 1),
                                       std::max<uint64_t>(64, body->input_align[index]), "an input of a body"));
  }
  if (value->bytes > 0) {
    std::memcpy(buffer.data(), value->data, value->bytes);
  }
  body->pointers[slot] = buffer.data();
  return {};
}

Status run_frame(const BodyCall& call, Frame* body, const RunBody& run) {
  const std::vector<SlotId>& captured = call.instruction().captures[call.body];
  for (size_t i = 0; i < captured.size(); ++i) {
    const SlotId inner = body->program->captures[i];
    if (body->program->slots[inner].object) {
      body->objects[inner] = call.frame.objects[captured[i]];
      continue;
    }
    body->pointers[inner] = call.frame.pointers[call.segment.slots[captured[i]].root];
    body->sizes[inner] = extent_of(call.frame, call.segment, captured[i]).bytes;
  }
  body->task = call.frame.task;
  TENON_ASSIGN_OR_RETURN(const bool moved, body->take_block(body->root.get()));
  if (moved) {
    body->publish(*body->root);
  }
  return run(*body);
}

BodyValue output_of(const Frame& body, size_t index) {
  return value_of(body, *body.last, body.program->outputs[index]);
}

Status lend(Frame* frame, const Segment& segment, SlotId slot, const BodyValue& value) {
  const Slot& about = frame->program->slots[slot];
  if (about.object) {
    frame->objects[slot] = value.object;
    return {};
  }
  const auto& planned = segment.shapes.dims[about.value];
  const std::string& name = frame->program->graph->values[about.value].name;
  if (planned && !std::equal(planned->begin(), planned->end(), value.dims, value.dims + value.rank)) {
    const std::string got = dims_text(value.dims, value.rank);
    const std::string expected = dims_text(planned->data(), static_cast<uint32_t>(planned->size()));
    return Status(TENON_RUN, "'" + name + "' has dims " + got + ", expected " + expected)
        .with_value(name)
        .with_expectation(got, expected);
  }
  if (value.object != nullptr && value.object->dtype != about.dtype) {
    const std::string got(dtype_name(value.object->dtype)), expected(dtype_name(about.dtype));
    return Status(TENON_RUN, "'" + name + "' is " + got + ", expected " + expected)
        .with_value(name)
        .with_expectation(got, expected);
  }
  Dynamic& dynamic = *frame->dynamics[slot];
  dynamic.rank = value.rank;
  std::copy_n(value.dims, value.rank, dynamic.dims);
  dynamic.bytes = value.bytes;
  dynamic.lender = value.object;
  frame->pointers[slot] = value.data;
  frame->sizes[slot] = value.bytes;
  if (aligned(value.data, about.align)) {
    return {};
  }
  // The value may lie in the buffer that is there.
  TENON_ASSIGN_OR_RETURN(
      Buffer buffer, frame->memory->allocate(std::max<uint64_t>(value.bytes, 1), std::max<uint64_t>(64, about.align),
                                             "an output of a body"));
  std::memcpy(buffer.data(), value.data, value.bytes);
  dynamic.buffer = std::move(buffer);
  frame->pointers[slot] = dynamic.buffer.data();
  return {};
}

Lease::~Lease() {
  body_.lent = false;
  if (!blocks_.empty()) {
    body_.pool->give(&blocks_);
  }
}

void Lease::take_blocks(size_t mark) {
  std::vector<std::unique_ptr<Block>>& all = body_.top->blocks;
  const auto begin = all.begin() + static_cast<ptrdiff_t>(mark);
  blocks_.assign(std::make_move_iterator(begin), std::make_move_iterator(all.end()));
  all.erase(begin, all.end());
}

void Lease::leave_blocks() {
  std::vector<std::unique_ptr<Block>>& all = body_.top->blocks;
  std::move(blocks_.begin(), blocks_.end(), std::back_inserter(all));
  blocks_.clear();
}

Status Repeater::once(std::span<BodyValue> inputs, std::vector<BodyValue>* outputs) {
  TENON_ASSIGN_OR_RETURN(Frame * body, body_frame(call_, inputs));
  for (size_t i = 0; i < inputs.size(); ++i) {
    TENON_RETURN_IF_ERROR(hand_input(body, i, &inputs[i]));
  }
  const size_t mark = body->top->blocks.size();
  const auto lease = std::make_shared<Lease>(body);
  const Status status = run_frame(call_, body, run_);
  lease->take_blocks(mark);
  TENON_RETURN_IF_ERROR(status);
  outputs->resize(body->program->outputs.size());
  for (size_t i = 0; i < outputs->size(); ++i) {
    BodyValue& output = (*outputs)[i];
    output = output_of(*body, i);
    output.lease = lease;
    // What a body only hands on lies where it did.
    for (const BodyValue& input : inputs) {
      if (!input.staged && output.bytes > 0 && input.data <= output.data && output.data < input.data + input.bytes) {
        output.lease = input.lease;
      }
    }
  }
  // Whoever has the only reference to an object may change it.
  std::fill(body->objects.begin(), body->objects.end(), nullptr);
  return {};
}

void Repeater::leave(std::span<const BodyValue> values) {
  for (const BodyValue& value : values) {
    if (value.lease != nullptr) {
      value.lease->leave_blocks();
    }
  }
}

}  // namespace tenon
