// SPDX-License-Identifier: Apache-2.0
#include "core/sched/segment_memory.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/base/checked.hpp"
#include "core/sched/allocator.hpp"
#include "core/sched/offsets.hpp"
#include "core/sched/order_calls.hpp"
#include "core/structure/view.hpp"

namespace tenon {
namespace {

// Slots made in this segment that share one stretch of memory.
struct Group {
  uint64_t bytes = 0;
  uint64_t align = 1;
  uint32_t first = 0, last = 0;  // instructions
  uint32_t output = kNone;       // graph output in whose memory it lies
  uint32_t session = kNone;      // of device memory
  uint32_t memory_kind = 0;
  uint64_t offset = 0;  // in the segment's block, or its arena on the device; out
  uint64_t taken = 0;   // bytes from there; out
  std::vector<SlotId> slots;
};

class Layouter {
 public:
  Layouter(Frame* frame, Segment* segment)
      : frame_(*frame),
        segment_(*segment),
        program_(*frame->program),
        group_of_(program_.slots.size(), kNone),
        step_of_(segment->end - segment->begin, kNone) {}

  Status run() {
    for (uint32_t i = 0; i < segment_.steps.size(); ++i) {
      step_of_[segment_.steps[i].instruction - segment_.begin] = i;
    }
    for (uint32_t i = segment_.begin; i < segment_.end; ++i) {
      TENON_RETURN_IF_ERROR(visit(i));
    }
    // Graph outputs that are inputs, constants or shapes are read when the last segment is done.
    for (SlotId slot : program_.outputs) {
      TENON_RETURN_IF_ERROR(locate(slot));
    }
    if (!frame_.body) {
      choose_homes();
    }
    TENON_RETURN_IF_ERROR(lay_out());
    for (uint32_t i = segment_.begin; i < segment_.end; ++i) {
      if (step_of_[i - segment_.begin] != kNone) {
        fill_step(i, &segment_.steps[step_of_[i - segment_.begin]]);
      }
    }
    const auto async = [](const auto& session) { return session->provider().async(); };
    return std::any_of(program_.sessions.begin(), program_.sessions.end(), async)
               ? order_calls(&frame_, &segment_, stretches())
               : Status();
  }

 private:
  bool is_dynamic(SlotId slot) const { return frame_.dynamics[slot] != nullptr; }

  // Memory of what no instruction makes: constants and contents of the shape slice.
  Status locate(SlotId slot) {
    SlotState& state = segment_.slots[slot];
    const Slot& about = program_.slots[slot];
    if (state.root != kNone || state.memory != nullptr) {
      return {};
    }
    if (about.source == SlotSource::constant) {
      tenon_weight weight = {};
      weight.size = sizeof weight;
      TENON_RETURN_IF_ERROR(program_.weights->get(program_.graph->values[about.value].constant, about.align, &weight));
      fix(slot, static_cast<std::byte*>(weight.tensor.data), weight.tensor.bytes);
      state.dims = weight.tensor.dims;
      state.rank = weight.tensor.rank;
      state.known = true;
    } else if (about.source == SlotSource::shape && segment_.shapes.contents[about.value] != nullptr) {
      return locate_contents(slot);
    }
    return {};
  }

  Status locate_contents(SlotId slot) {
    const ConstantPtr& contents = segment_.shapes.contents[program_.slots[slot].value];
    SlotState& state = segment_.slots[slot];
    state.dims = segment_.records.copy(contents->dims);
    state.rank = static_cast<uint32_t>(contents->dims.size());
    state.known = true;
    const uint64_t bytes = contents->full_bytes();
    const auto* data = contents->data;
    if (contents->splat || reinterpret_cast<uintptr_t>(data) % program_.slots[slot].align != 0) {
      void* copy = segment_.records.allocate(std::max<uint64_t>(bytes, 1), alignof(std::max_align_t));
      copy_constant(*contents, copy);
      data = static_cast<const std::byte*>(copy);
    }
    fix(slot, const_cast<std::byte*>(data), bytes);
    return {};
  }

  void fix(SlotId slot, std::byte* data, uint64_t bytes) {
    segment_.slots[slot].root = slot;
    segment_.slots[slot].bytes = bytes;
    segment_.fixed.emplace_back(slot, data);
  }

  Status visit(uint32_t index) {
    const Instruction& instruction = program_.instructions[index];
    for (SlotId slot : instruction.inputs) {
      if (slot != kNone) {
        TENON_RETURN_IF_ERROR(locate(slot));
      }
    }
    for (const std::vector<SlotId>& captured : instruction.captures) {
      for (SlotId slot : captured) {
        TENON_RETURN_IF_ERROR(locate(slot));
      }
    }
    switch (instruction.kind) {
      case InstructionKind::view:
        return visit_view(instruction);
      case InstructionKind::branch:
      case InstructionKind::loop:
      case InstructionKind::object:
        visit_structure(instruction);
        return {};
      default:
        break;
    }
    for (uint32_t i = 0; i < instruction.outputs.size(); ++i) {
      TENON_RETURN_IF_ERROR(make_group(index, instruction.outputs[i]));
    }
    if (instruction.kind == InstructionKind::region) {
      share_inputs(index, instruction);
      return add_workspace(index);
    }
    return {};
  }

  Status visit_view(const Instruction& instruction) {
    const SlotId source = instruction.inputs[0];
    const SlotId slot = instruction.outputs[0];
    TENON_RETURN_IF_ERROR(lay_view(program_, instruction, segment_.slots[source], &segment_.slots[slot]));
    if (group_of_[source] != kNone) {
      join(slot, group_of_[source]);
    }
    return {};
  }

  // Tensors are lent by a body or a sequence.
  void visit_structure(const Instruction& instruction) {
    for (SlotId slot : instruction.outputs) {
      if (slot != kNone && !program_.slots[slot].object) {
        make_dynamic(slot);
      }
    }
  }

  void make_dynamic(SlotId slot) {
    if (frame_.dynamics[slot] == nullptr) {
      frame_.dynamics[slot] = std::make_unique<Dynamic>();
    }
    segment_.slots[slot].root = slot;
  }

  void join(SlotId slot, uint32_t group) {
    group_of_[slot] = group;
    const Slot& about = program_.slots[slot];
    Group& joined = groups_[group];
    joined.slots.push_back(slot);
    joined.align = std::max(joined.align, about.align);
    joined.last = std::max(joined.last, about.escapes ? segment_.end : std::min(about.last_use, segment_.end));
  }

  Status make_group(uint32_t index, SlotId slot) {
    const Slot& about = program_.slots[slot];
    SlotState& state = segment_.slots[slot];
    if (!state.known || about.dtype == TENON_STRING) {
      make_dynamic(slot);
      return {};
    }
    Group group;
    group.first = index;
    Provider* provider = nullptr;
    if (about.place.session != kNone) {
      provider = &program_.sessions[about.place.session]->provider();
    }
    if (about.place.memory_kind != 0) {
      group.session = about.place.session;
      group.memory_kind = about.place.memory_kind;
      group.align = program_.sessions[group.session]->device().memory_kinds[group.memory_kind].alignment;
    }
    TENON_ASSIGN_OR_RETURN(group.bytes,
                           layout_bytes(provider, about.place.layout, about.dtype, state.dims, state.rank));
    state.bytes = group.bytes;
    groups_.push_back(std::move(group));
    join(slot, static_cast<uint32_t>(groups_.size() - 1));
    return {};
  }

  // The output takes its input's memory where the region allows it, both are as large, the input lies in the arena, and
  // nothing else reads it now or later.
  void share_inputs(uint32_t index, const Instruction& instruction) {
    for (const tenon_alias& alias : program_.regions[instruction.region]->aliases()) {
      const SlotId input = instruction.inputs[alias.input];
      const SlotId output = instruction.outputs[alias.output];
      if (alias.kind != TENON_ALIAS_MAY || input == kNone || group_of_[input] == kNone || group_of_[output] == kNone) {
        continue;
      }
      const uint32_t from = group_of_[input];
      const uint32_t to = group_of_[output];
      const Group& source = groups_[from];
      const auto readers = std::count_if(instruction.inputs.begin(), instruction.inputs.end(),
                                         [&](SlotId other) { return other != kNone && group_of_[other] == from; });
      if (readers != 1 || source.last > index || source.bytes != groups_[to].bytes || source.bytes == 0 ||
          source.session != groups_[to].session || source.memory_kind != groups_[to].memory_kind ||
          groups_[to].slots.size() != 1) {
        continue;
      }
      groups_[to].slots.clear();
      groups_[to].bytes = 0;
      join(output, from);
    }
  }

  Status add_workspace(uint32_t index) {
    const Step& step = segment_.steps[step_of_[index - segment_.begin]];
    if (step.prepared == nullptr || step.prepared->workspace_bytes() == 0) {
      return {};
    }
    Group group;
    group.bytes = step.prepared->workspace_bytes();
    group.align = step.region->workspace_align();
    group.first = group.last = index;
    workspaces_[index] = static_cast<uint32_t>(groups_.size());
    groups_.push_back(std::move(group));
    return {};
  }

  void choose_homes() {
    for (uint32_t k = 0; k < program_.outputs.size(); ++k) {
      const uint32_t index = group_of_[program_.outputs[k]];
      if (index == kNone || groups_[index].output != kNone || groups_[index].session != kNone) {
        continue;
      }
      groups_[index].output = k;
      frame_.output_align[k] = std::max(frame_.output_align[k], groups_[index].align);
      segment_.homes.push_back(k);
    }
  }

  // Offsets for all groups that live in blocks of the segment, one block for each memory.
  Status lay_out() {
    std::map<std::pair<uint32_t, uint32_t>, std::vector<uint32_t>> memories;
    for (uint32_t i = 0; i < groups_.size(); ++i) {
      if (groups_[i].output == kNone) {
        memories[{groups_[i].session, groups_[i].memory_kind}].push_back(i);
      }
    }
    for (const auto& [memory, members] : memories) {
      TENON_RETURN_IF_ERROR(lay_out_memory(memory.first, memory.second, members));
    }
    for (uint32_t i = 0; i < groups_.size(); ++i) {
      publish(i);
    }
    for (auto& [slot, pointer] : segment_.fixed) {
      if (in_block(slot)) {
        rebase(slot, &pointer);
      }
    }
    return {};
  }

  Status lay_out_memory(uint32_t session, uint32_t kind, const std::vector<uint32_t>& members) {
    std::vector<Interval> intervals;
    CheckedSize sum(0);
    for (uint32_t member : members) {
      const Group& group = groups_[member];
      // Room to move up to the alignment: blocks are aligned to kArenaAlign only.
      const uint64_t slack = group.align > kArenaAlign ? group.align : 0;
      const CheckedSize bytes = (CheckedSize(group.bytes) + CheckedSize(slack)).aligned(kArenaAlign);
      sum += bytes;
      if (!sum.ok()) {
        return Status(TENON_LIMIT, "the run needs more than 2^64 bytes of memory");
      }
      intervals.push_back({group.bytes == 0 ? 0 : bytes.value(), group.first, group.last, 0});
    }
    const uint64_t total = assign_offsets(intervals);
    for (size_t i = 0; i < members.size(); ++i) {
      groups_[members[i]].offset = intervals[i].offset;
      groups_[members[i]].taken = intervals[i].bytes;
    }
    if (session == kNone) {
      segment_.block_bytes = std::max<uint64_t>(total, 1);
      return {};
    }
    const ProviderSession& owner = *program_.sessions[session];
    TENON_ASSIGN_OR_RETURN(DeviceBuffer buffer, DeviceBuffer::allocate(owner.provider(), owner.device_index(), kind,
                                                                       std::max<uint64_t>(total, 1), kArenaAlign));
    for (size_t i = 0; i < members.size(); ++i) {
      for (SlotId slot : groups_[members[i]].slots) {
        segment_.slots[slot].memory = buffer.memory();
        segment_.slots[slot].offset = align_up(intervals[i].offset, std::max<uint64_t>(groups_[members[i]].align, 1));
      }
    }
    segment_.device_arenas.push_back(std::move(buffer));
    return {};
  }

  // What each group takes, in spaces: this segment's block, then graph outputs, then arenas on devices.
  Stretches stretches() const {
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> arenas;
    std::vector<Stretch> of_groups;
    for (const Group& group : groups_) {
      Stretch stretch = {0, group.offset, group.offset + group.taken};
      if (group.output != kNone) {
        stretch = {group.output + 1, 0, group.bytes};
      } else if (group.session != kNone) {
        const auto number = static_cast<uint32_t>(1 + program_.outputs.size() + arenas.size());
        stretch.space = arenas.emplace(std::pair(group.session, group.memory_kind), number).first->second;
      }
      of_groups.push_back(stretch);
    }
    Stretches all;
    for (uint32_t group : group_of_) {
      all.slots.push_back(group == kNone ? Stretch{} : of_groups[group]);
    }
    for (const auto& [instruction, group] : workspaces_) {
      all.workspaces.emplace(instruction, of_groups[group]);
    }
    return all;
  }

  // Tells the slots of a group where they are.
  void publish(uint32_t index) {
    const Group& group = groups_[index];
    if (group.session != kNone) {
      return;
    }
    for (SlotId slot : group.slots) {
      SlotState& state = segment_.slots[slot];
      state.root = group.output != kNone ? frame_.output_root(group.output) : slot;
      if (group.output == kNone) {
        segment_.fixed.emplace_back(slot, nullptr);
      }
    }
  }

  // Whether a slot lies in this segment's block.
  bool in_block(uint32_t root) const {
    return root < program_.slots.size() && group_of_[root] != kNone && groups_[group_of_[root]].output == kNone &&
           groups_[group_of_[root]].session == kNone;
  }

  // Whether a slot lies in device memory that is asked for in each run.
  bool on_device(uint32_t root) const {
    return root < program_.slots.size() && frame_.dynamics[root] != nullptr && frame_.dynamics[root]->device;
  }

  // Whether a slot's address holds for every run.
  bool constant(uint32_t root) const {
    return root < program_.slots.size() &&
           (program_.slots[root].source == SlotSource::constant || program_.slots[root].source == SlotSource::shape);
  }

  // `at`, a pointer, follows the block to wherever a run has it.
  void rebase_group(const Group& group, void* at) {
    segment_.based.push_back({at, group.offset, std::max<uint64_t>(group.align, 1)});
  }
  void rebase(uint32_t root, void* at) { rebase_group(groups_[group_of_[root]], at); }

  std::byte* fixed_address(uint32_t root) const {
    const auto found = fixed_by_root_.find(root);
    return found != fixed_by_root_.end() ? found->second : frame_.pointers[root];
  }

  void fill_tensor(SlotId slot, tenon_tensor* tensor) {
    const SlotState& state = segment_.slots[slot];
    const Slot& about = program_.slots[slot];
    tensor->size = sizeof *tensor;
    tensor->dtype = about.dtype;
    tensor->layout = about.place.layout;
    tensor->rank = state.known ? state.rank : TENON_UNKNOWN_RANK;
    tensor->dims = state.known ? state.dims : nullptr;
    tensor->bytes = state.bytes;
    if (state.memory != nullptr) {
      tensor->memory = state.memory;
      tensor->offset = state.offset;
    } else if (in_block(state.root)) {
      rebase(state.root, &tensor->data);
    } else if (on_device(state.root)) {
      segment_.device_patches.push_back({state.root, tensor});
    } else if (constant(state.root) && frame_.dynamics[state.root] == nullptr) {
      tensor->data = fixed_address(state.root);
    } else {
      segment_.patches.push_back({state.root, tensor});
    }
  }

  // An output that alloc_output will be asked for.
  void open_tensor(SlotId slot, tenon_tensor* tensor) {
    const SlotState& state = segment_.slots[slot];
    tensor->size = sizeof *tensor;
    tensor->dtype = program_.slots[slot].dtype;
    tensor->rank = state.known ? state.rank : TENON_UNKNOWN_RANK;
    tensor->dims = state.known ? state.dims : nullptr;
  }

  void fill_step(uint32_t index, Step* step) {
    const Instruction& instruction = program_.instructions[index];
    if (fixed_by_root_.empty()) {
      fixed_by_root_.insert(segment_.fixed.begin(), segment_.fixed.end());
    }
    if (instruction.kind != InstructionKind::region && instruction.kind != InstructionKind::copy) {
      return;
    }
    auto* inputs = segment_.records.make<tenon_tensor>(instruction.inputs.size());
    auto* outputs = segment_.records.make<tenon_tensor>(instruction.outputs.size());
    for (uint32_t i = 0; i < instruction.inputs.size(); ++i) {
      if (instruction.inputs[i] == kNone) {
        inputs[i] = *step->region->constant_input(i);
      } else {
        fill_tensor(instruction.inputs[i], &inputs[i]);
      }
    }
    for (uint32_t i = 0; i < instruction.outputs.size(); ++i) {
      if (is_dynamic(instruction.outputs[i])) {
        open_tensor(instruction.outputs[i], &outputs[i]);
      } else {
        fill_tensor(instruction.outputs[i], &outputs[i]);
      }
    }
    if (instruction.kind == InstructionKind::copy) {
      step->from = side(instruction.inputs[0], inputs);
      step->to = side(instruction.outputs[0], outputs);
      fill_copy(instruction, step);
      return;
    }
    tenon_run& run = step->run;
    run.size = sizeof run;
    run.inputs = inputs;
    run.outputs = outputs;
    run.ninputs = static_cast<uint32_t>(instruction.inputs.size());
    run.noutputs = static_cast<uint32_t>(instruction.outputs.size());
    run.tensor_stride = sizeof(tenon_tensor);
    run.task = &frame_.task;
    run.handle = step->allocator.get();
    run.point_stride = sizeof(tenon_point);
    if (const auto workspace = workspaces_.find(index); workspace != workspaces_.end()) {
      rebase_group(groups_[workspace->second], &run.workspace);
      run.workspace_bytes = groups_[workspace->second].bytes;
    }
  }

  void fill_copy(const Instruction& instruction, Step* step) {
    const uint32_t session = copy_session(program_, instruction);
    if (session == kNone) {
      return;
    }
    step->copier = &program_.sessions[session]->provider();
    tenon_copy& copy = step->copy;
    copy.size = sizeof copy;
    copy.device = program_.sessions[session]->device_index();
    copy.src = step->from.tensor;
    copy.dst = step->to.tensor;
    copy.point_stride = sizeof(tenon_point);
    copy.task = &frame_.task;
  }

  CopySide side(SlotId slot, const tenon_tensor* tensor) const {
    const Place& place = program_.slots[slot].place;
    if (place.session == kNone) {
      return {tensor, nullptr, 0};
    }
    const ProviderSession& session = *program_.sessions[place.session];
    return {tensor, &session.provider(), session.device_index()};
  }

  Frame& frame_;
  Segment& segment_;
  const Program& program_;
  std::vector<Group> groups_;
  std::vector<uint32_t> group_of_;           // by SlotId; kNone: made elsewhere, or not placed here
  std::vector<uint32_t> step_of_;            // by instruction of the segment
  std::map<uint32_t, uint32_t> workspaces_;  // group by instruction
  std::map<uint32_t, std::byte*> fixed_by_root_;
};

}  // namespace

Status assign_memory(Frame* frame, Segment* segment) { return Layouter(frame, segment).run(); }

}  // namespace tenon
