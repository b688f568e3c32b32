// SPDX-License-Identifier: Apache-2.0
#include "core/structure/view.hpp"

#include <string>
#include <vector>

#include "core/base/dims_text.hpp"

namespace tenon {
namespace {

std::vector<int64_t> dims_of(const SlotState& state) { return {state.dims, state.dims + state.rank}; }

std::string shown(const SlotState& state) { return dims_text(state.dims, state.rank); }

}  // namespace

Instruction lower_view(const Program& program, NodeId id, SlotMaker* slots) {
  const Node& node = program.graph->nodes[id];
  SlotId source = slots->any_slot(node.inputs[0]);
  if (program.slots[source].place.layout.kind != TENON_LAYOUT_DENSE) {
    source = slots->plain_slot(node.inputs[0]);
  }
  Instruction instruction;
  instruction.kind = InstructionKind::view;
  instruction.node = id;
  instruction.inputs = {source};
  const Place place = program.slots[source].place;
  instruction.outputs = {slots->made_slot(node.outputs[0], place)};
  return instruction;
}

Status lay_view(const Program& program, const Instruction& instruction, const SlotState& from, SlotState* to) {
  if (from.known && to->known && element_count(dims_of(from)) != element_count(dims_of(*to))) {
    const Node& node = program.graph->nodes[instruction.node];
    return Status(TENON_RUN, node.op + " cannot make dims " + shown(*to) + " of " + shown(from) +
                                 ": they have different numbers of elements")
        .with_node(program.graph->path_of(instruction.node), node.domain + "." + node.op)
        .with_expectation(shown(from), shown(*to));
  }
  to->root = from.root;
  to->memory = from.memory;
  to->offset = from.offset;
  to->bytes = from.bytes;
  return {};
}

}  // namespace tenon
