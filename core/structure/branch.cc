// SPDX-License-Identifier: Apache-2.0
#include "core/structure/runs.hpp"

namespace tenon {

Status run_branch(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body) {
  const Instruction& instruction = frame->program->instructions[step->instruction];
  const SlotState& condition = segment.slots[instruction.inputs[0]];
  const uint32_t branch = frame->pointers[condition.root][0] != std::byte{0} ? 0 : 1;
  const BodyCall call{*frame, segment, *step, branch};
  TENON_ASSIGN_OR_RETURN(Frame * body, body_frame(call, {}));
  TENON_RETURN_IF_ERROR(run_frame(call, body, run_body));
  for (size_t i = 0; i < instruction.outputs.size(); ++i) {
    if (instruction.outputs[i] != kNone) {
      TENON_RETURN_IF_ERROR(lend(frame, segment, instruction.outputs[i], output_of(*body, i)));
    }
  }
  return {};
}

}  // namespace tenon
