// SPDX-License-Identifier: Apache-2.0
#include "core/sched/plan.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/checked.hpp"
#include "core/sched/allocator.hpp"
#include "core/sched/segment_memory.hpp"

namespace tenon {
namespace {

// Adds instructions to a segment until it has to end.
class Planner {
 public:
  Planner(Frame* frame, Segment* segment) : frame_(*frame), program_(*frame->program), segment_(*segment) {}

  Status run() {
    const auto count = static_cast<uint32_t>(program_.instructions.size());
    for (segment_.end = segment_.begin; segment_.end < count && !cut_after_; ++segment_.end) {
      TENON_ASSIGN_OR_RETURN(const bool fits, add(segment_.end));
      if (!fits) {
        break;
      }
    }
    if (segment_.end == segment_.begin && segment_.begin < count) {
      return Status(TENON_INTERNAL, "the shapes that " + name(segment_.begin) + " needs are not known when it runs");
    }
    return assign_memory(&frame_, &segment_);
  }

 private:
  std::string name(uint32_t instruction) const {
    const NodeId node = program_.instructions[instruction].node;
    return node == kNone ? std::string("a copy") : "node '" + program_.graph->path_of(node) + "'";
  }

  // False: the instruction needs what only the results of those before it tell.
  Result<bool> add(uint32_t index) {
    const Instruction& instruction = program_.instructions[index];
    for (SlotId slot : instruction.inputs) {
      if (slot != kNone && !settle(slot)) {
        return false;
      }
    }
    for (const std::vector<SlotId>& captured : instruction.captures) {
      for (SlotId slot : captured) {
        if (!settle(slot)) {
          return false;
        }
      }
    }
    switch (instruction.kind) {
      case InstructionKind::region:
        return add_region(index, instruction);
      case InstructionKind::branch:
      case InstructionKind::loop:
      case InstructionKind::object:
        return add_structure(index, instruction);
      default:
        break;
    }
    if (!settle(instruction.outputs[0])) {
      return false;
    }
    if (instruction.kind == InstructionKind::copy) {
      Step step;
      step.kind = InstructionKind::copy;
      step.instruction = index;
      segment_.steps.push_back(std::move(step));
    }
    watch(instruction);
    return true;
  }

  // Makes the dims of a slot known when the shapes tell them.
  bool settle(SlotId slot) {
    SlotState& state = segment_.slots[slot];
    if (state.known) {
      return true;
    }
    const Slot& about = program_.slots[slot];
    if (about.object) {
      state.known = true;  // it has no dims that anything waits for
      return true;
    }
    const auto& dims = segment_.shapes.dims[about.value];
    if (!dims || (about.source == SlotSource::shape && segment_.shapes.contents[about.value] == nullptr)) {
      return false;
    }
    state.dims = segment_.records.copy(*dims);
    state.rank = static_cast<uint32_t>(dims->size());
    state.known = true;
    return true;
  }

  void watch(const Instruction& instruction) {
    for (SlotId slot : instruction.outputs) {
      if (slot != kNone && is_watched(program_, slot)) {
        report(slot);
      }
    }
  }

  void report(SlotId slot) {
    segment_.reports.push_back(slot);
    cut_after_ = true;
  }

  Result<bool> add_region(uint32_t index, const Instruction& instruction) {
    CompiledRegion& region = *program_.regions[instruction.region];
    Step step;
    step.instruction = index;
    step.region = &region;
    TENON_RETURN_IF_ERROR(prepare(region, instruction, &step));
    for (SlotId slot : instruction.outputs) {
      if (settle(slot) && program_.slots[slot].dtype != TENON_STRING) {
        continue;
      }
      if (!program_.slots[slot].place.plain() && program_.slots[slot].dtype == TENON_STRING) {
        return Status(TENON_UNSUPPORTED, name(index) + " makes strings elsewhere than in dense host memory")
            .with_provider(region.provider().id());
      }
      if (step.allocator == nullptr) {
        step.allocator = std::make_shared<OutputAllocator>(&frame_, &instruction);
      }
      report(slot);
    }
    watch(instruction);
    segment_.steps.push_back(std::move(step));
    return true;
  }

  // Asks the provider for its side of these shapes; dims that it fills in become known.
  Status prepare(CompiledRegion& region, const Instruction& instruction, Step* step) {
    std::vector<tenon_shape> inputs(instruction.inputs.size());
    std::vector<tenon_tensor> values(instruction.inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      describe_input(region, instruction, static_cast<uint32_t>(i), &inputs[i], &values[i]);
    }
    std::vector<tenon_shape> outputs(instruction.outputs.size());
    std::vector<int64_t> room(instruction.outputs.size() * TENON_MAX_RANK);
    for (size_t i = 0; i < outputs.size(); ++i) {
      describe_output(instruction.outputs[i], &room[i * TENON_MAX_RANK], &outputs[i]);
    }
    tenon_shapes shapes = {};
    shapes.size = sizeof shapes;
    shapes.inputs = inputs.data();
    shapes.ninputs = static_cast<uint32_t>(inputs.size());
    shapes.input_stride = sizeof(tenon_shape);
    shapes.outputs = outputs.data();
    shapes.noutputs = static_cast<uint32_t>(outputs.size());
    shapes.output_stride = sizeof(tenon_shape);
    TENON_ASSIGN_OR_RETURN(step->prepared, region.prepare(&shapes));
    return take_dims(instruction, outputs);
  }

  void describe_input(const CompiledRegion& region, const Instruction& instruction, uint32_t i, tenon_shape* shape,
                      tenon_tensor* value) {
    const SlotId slot = instruction.inputs[i];
    if (slot == kNone) {
      const tenon_tensor* constant = region.constant_input(i);
      shape->dtype = constant->dtype;
      shape->rank = constant->rank;
      shape->dims = const_cast<int64_t*>(constant->dims);
      shape->value = constant->data != nullptr && constant->memory == nullptr ? constant : nullptr;
      return;
    }
    const SlotState& state = segment_.slots[slot];
    shape->dtype = program_.slots[slot].dtype;
    shape->rank = state.rank;
    shape->dims = const_cast<int64_t*>(state.dims);
    const ConstantPtr& contents = segment_.shapes.contents[program_.slots[slot].value];
    if (contents != nullptr && !contents->splat) {
      *value = tensor_of(*contents);
      shape->value = value;
    }
  }

  void describe_output(SlotId slot, int64_t* room, tenon_shape* shape) {
    shape->dtype = program_.slots[slot].dtype;
    shape->dims = room;
    if (settle(slot)) {
      const SlotState& state = segment_.slots[slot];
      shape->rank = state.rank;
      std::copy_n(state.dims, state.rank, room);
      return;
    }
    const Shape& declared = program_.graph->values[program_.slots[slot].value].type.shape;
    shape->rank = declared ? static_cast<uint32_t>(declared->size()) : TENON_UNKNOWN_RANK;
    for (size_t i = 0; declared && i < declared->size(); ++i) {
      room[i] = (*declared)[i].known() ? (*declared)[i].size : TENON_UNKNOWN_DIM;
    }
  }

  Status take_dims(const Instruction& instruction, const std::vector<tenon_shape>& outputs) {
    std::vector<KnownValue> learnt;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const SlotId slot = instruction.outputs[i];
      const tenon_shape& shape = outputs[i];
      if (segment_.slots[slot].known || shape.rank > TENON_MAX_RANK ||
          std::any_of(shape.dims, shape.dims + shape.rank, [](int64_t dim) { return dim < 0; })) {
        continue;
      }
      const ValueId value = program_.slots[slot].value;
      if (!program_.shapes->wants_contents(value)) {
        learnt.push_back({value, std::vector<int64_t>(shape.dims, shape.dims + shape.rank), nullptr});
      }
    }
    return learnt.empty() ? Status() : program_.shapes->resume(learnt, &segment_.shapes);
  }

  Result<bool> add_structure(uint32_t index, const Instruction& instruction) {
    Step step;
    step.kind = instruction.kind;
    step.instruction = index;
    step.bodies.resize(instruction.bodies.size());
    segment_.steps.push_back(std::move(step));
    for (SlotId slot : instruction.outputs) {
      // What follows reads a tensor where a body or a sequence has it, so it cannot be laid out before.
      if (slot != kNone && !program_.slots[slot].object) {
        report(slot);
      }
    }
    // What is lent may lie in memory of this segment, which nothing may use again.
    cut_after_ = cut_after_ || instruction.kind != InstructionKind::object;
    return true;
  }

  Frame& frame_;
  const Program& program_;
  Segment& segment_;
  bool cut_after_ = false;
};

// Graph inputs, captures and constants: known before anything runs.
Status seed(Frame* frame, Segment* segment) {
  const Program& program = *frame->program;
  const auto place = [&](SlotId slot, const KnownValue& known) {
    SlotState& state = segment->slots[slot];
    if (!known.dims) {
      state.known = true;
      return;
    }
    state.dims = segment->records.copy(*known.dims);
    state.rank = static_cast<uint32_t>(known.dims->size());
    state.known = true;
    state.root = slot;
    state.bytes = dtype_bytes(program.slots[slot].dtype, element_count(*known.dims).value_or(0)).value_or(0);
  };
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    place(program.inputs[i], frame->key[i]);
  }
  for (size_t i = 0; i < program.captures.size(); ++i) {
    place(program.captures[i], frame->key[program.inputs.size() + i]);
  }
  return program.shapes->run(frame->key, &segment->shapes);
}

ConstantPtr read_contents(const Frame& frame, const Segment& segment, SlotId slot, const std::vector<int64_t>& dims) {
  const uint32_t root = segment.slots[slot].root != kNone ? segment.slots[slot].root : slot;
  const std::optional<uint64_t> elements = element_count(dims);
  const std::optional<uint64_t> bytes = dtype_bytes(frame.program->slots[slot].dtype, elements.value_or(0));
  return make_constant(frame.program->slots[slot].dtype, dims, frame.pointers[root], bytes.value_or(0));
}

// Dims of a slot after its segment has run.
std::pair<const int64_t*, uint32_t> dims_now(const Frame& frame, const Segment& segment, SlotId slot) {
  if (const Dynamic* dynamic = frame.dynamics[slot].get(); dynamic != nullptr) {
    return {dynamic->dims, dynamic->rank};
  }
  return {segment.slots[slot].dims, segment.slots[slot].rank};
}

}  // namespace

bool is_watched(const Program& program, SlotId slot) {
  return std::any_of(program.watched.begin(), program.watched.end(),
                     [&](const std::pair<ValueId, SlotId>& watched) { return watched.second == slot; });
}

Result<std::unique_ptr<Frame>> make_frame(const Program& program, std::vector<KnownValue> key, Memory* memory,
                                          BlockPool* pool, Frame* top) {
  auto frame = std::make_unique<Frame>();
  frame->program = &program;
  frame->body = top != nullptr;
  frame->key = std::move(key);
  frame->memory = memory;
  frame->pool = pool;
  frame->top = top != nullptr ? top : frame.get();
  const size_t slots = program.slots.size();
  const size_t outputs = program.outputs.size();
  frame->pointers.assign(slots + outputs, nullptr);
  frame->sizes.assign(slots + outputs, 0);
  frame->dynamics.resize(slots);
  frame->objects.resize(program.objects ? slots : 0);
  frame->staging.resize(program.inputs.size());
  frame->scratch.resize(outputs);
  frame->output_align.assign(outputs, 1);
  frame->outputs.assign(outputs, OutputState::elsewhere);
  frame->flight.reserve(program.instructions.size());
  for (SlotId slot : program.inputs) {
    frame->input_align.push_back(program.slots[slot].align);
  }
  frame->root = std::make_unique<Segment>();
  frame->root->slots.resize(slots);
  TENON_RETURN_IF_ERROR(seed(frame.get(), frame->root.get()));
  TENON_RETURN_IF_ERROR(Planner(frame.get(), frame->root.get()).run());
  frame->publish(*frame->root);
  return frame;
}

Extent extent_of(const Frame& frame, const Segment& segment, SlotId slot) {
  const SlotState& state = segment.slots[slot];
  if (const Dynamic* dynamic = frame.dynamics[slot].get(); dynamic != nullptr) {
    return {dynamic->dims, dynamic->rank, frame.sizes[slot]};
  }
  const bool varies = frame.program->slots[slot].dtype == TENON_STRING && state.bytes == 0;
  return {state.dims, state.rank, varies ? frame.sizes[state.root] : state.bytes};
}

void Frame::drop_objects() {
  if (!program->objects) {
    return;
  }
  std::fill(objects.begin(), objects.end(), nullptr);
  for (const std::unique_ptr<Dynamic>& dynamic : dynamics) {
    if (dynamic != nullptr) {
      dynamic->lender = nullptr;
    }
  }
  const auto drop = [](const auto& self, const Segment& segment) -> void {
    for (const Step& step : segment.steps) {
      for (const std::vector<std::unique_ptr<Frame>>& frames : step.bodies) {
        for (const std::unique_ptr<Frame>& body : frames) {
          body->drop_objects();
        }
      }
    }
    for (const std::unique_ptr<Segment>& child : segment.children) {
      self(self, *child);
    }
  };
  drop(drop, *root);
}

Result<bool> Frame::take_block(Segment* segment) {
  if (segment->block_bytes == 0) {
    return false;
  }
  TENON_ASSIGN_OR_RETURN(std::unique_ptr<Block> block, pool->take(segment->block_bytes, segment->base));
  std::byte* base = block->pages.data();
  top->blocks.push_back(std::move(block));
  if (base == segment->base) {
    return false;
  }
  for (const Based& each : segment->based) {
    const auto at = reinterpret_cast<uintptr_t>(base) + each.offset;
    const uintptr_t moved = align_up(at, each.align);
    std::memcpy(each.at, &moved, sizeof moved);
  }
  segment->base = base;
  return true;
}

Result<std::unique_ptr<Segment>> make_segment(Frame* frame, const Segment& parent) {
  const Program& program = *frame->program;
  auto segment = std::make_unique<Segment>();
  segment->begin = parent.end;
  segment->shapes = parent.shapes;
  segment->slots = parent.slots;
  segment->order = parent.order;
  segment->calls = parent.calls;
  std::vector<KnownValue> known;
  for (SlotId slot : parent.reports) {
    const auto [dims, rank] = dims_now(*frame, parent, slot);
    const std::vector<int64_t> extents(dims, dims + rank);
    segment->key.push_back(rank);
    segment->key.insert(segment->key.end(), extents.begin(), extents.end());
    SlotState& state = segment->slots[slot];
    if (state.root == kNone && state.memory == nullptr) {
      state.root = slot;
    }
    state.dims = segment->records.copy(extents);
    state.rank = rank;
    state.known = true;
    if (frame->dynamics[slot] != nullptr) {
      state.bytes = frame->sizes[slot];
    }
    const ValueId value = program.slots[slot].value;
    const bool watched = is_watched(program, slot);
    segment->key_contents.push_back(watched ? read_contents(*frame, *segment, slot, extents) : nullptr);
    if (!segment->shapes.dims[value] || watched) {
      known.push_back({value, extents, segment->key_contents.back()});
    }
  }
  TENON_RETURN_IF_ERROR(program.shapes->resume(known, &segment->shapes));
  TENON_RETURN_IF_ERROR(Planner(frame, segment.get()).run());
  return segment;
}

bool continues(const Frame& frame, const Segment& parent, const Segment& child) {
  size_t at = 0;
  for (size_t i = 0; i < parent.reports.size(); ++i) {
    const SlotId slot = parent.reports[i];
    const auto [dims, rank] = dims_now(frame, parent, slot);
    if (child.key[at] != rank || !std::equal(dims, dims + rank, child.key.begin() + static_cast<ptrdiff_t>(at) + 1)) {
      return false;
    }
    at += rank + 1;
    const ConstantPtr& contents = child.key_contents[i];
    if (contents != nullptr && contents->bytes > 0) {
      const uint32_t root = parent.slots[slot].root != kNone ? parent.slots[slot].root : slot;
      if (std::memcmp(contents->data, frame.pointers[root], contents->bytes) != 0) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace tenon
