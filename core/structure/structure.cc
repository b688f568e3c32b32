// SPDX-License-Identifier: Apache-2.0
#include "core/structure/structure.hpp"

#include <string>
#include <utility>

#include "core/base/check_task.hpp"
#include "core/structure/runs.hpp"

namespace tenon {
namespace {

std::string type_name(const Slot& slot) {
  return slot.object ? "a sequence, optional or map" : std::string(dtype_name(slot.dtype));
}

class Lowering {
 public:
  Lowering(const Program& program, NodeId id, SlotMaker* slots)
      : program_(program), graph_(*program.graph), node_(graph_.nodes[id]), slots_(*slots) {
    instruction_.node = id;
    instruction_.kind = node_.is("If")         ? InstructionKind::branch
                        : node_.bodies.empty() ? InstructionKind::object
                                               : InstructionKind::loop;
  }

  Result<Instruction> run() {
    for (ValueId value : node_.inputs) {
      instruction_.inputs.push_back(value == kNone ? kNone : slots_.plain_slot(value));
    }
    if (node_.is("If")) {
      TENON_RETURN_IF_ERROR(add_body("then_branch"));
      TENON_RETURN_IF_ERROR(add_body("else_branch"));
    } else if (!node_.bodies.empty()) {
      TENON_RETURN_IF_ERROR(add_body("body"));
    }
    for (ValueId value : node_.outputs) {
      instruction_.outputs.push_back(value == kNone ? kNone : slots_.made_slot(value, Place{}));
    }
    if (instruction_.kind == InstructionKind::branch) {
      TENON_RETURN_IF_ERROR(check_branch());
    } else if (instruction_.kind == InstructionKind::loop) {
      TENON_RETURN_IF_ERROR(node_.is("SequenceMap") ? check_map() : check_loop());
    }
    return std::move(instruction_);
  }

 private:
  Status wrong(const std::string& what) const {
    return Status(TENON_INVALID_MODEL, graph_.path_of(instruction_.node) + ": " + what)
        .with_node(graph_.path_of(instruction_.node), node_.domain + "." + node_.op);
  }

  Status add_body(const char* name) {
    const Graph* body = node_.body(name);
    if (body == nullptr) {
      return wrong(std::string("it has no ") + name);
    }
    instruction_.bodies.push_back(slots_.body_index(body));
    std::vector<SlotId> captured;
    for (const Capture& capture : body->captures) {
      captured.push_back(slots_.plain_slot(capture.outer));
    }
    instruction_.captures.push_back(std::move(captured));
    return {};
  }

  const Program& body(size_t index) const { return *program_.bodies[instruction_.bodies[index]]; }

  Status check_counts(const Program& body, size_t inputs, size_t outputs) const {
    if (body.inputs.size() == inputs && body.outputs.size() == outputs) {
      return {};
    }
    return wrong("its body has " + std::to_string(body.inputs.size()) + " inputs and " +
                 std::to_string(body.outputs.size()) + " outputs, expected " + std::to_string(inputs) + " and " +
                 std::to_string(outputs));
  }

  // Both hold tensors of one dtype, or both hold none. `strict`: dtypes that nobody knows do not pass.
  Status check_same(const Slot& inner, const Slot& outer, bool strict, const std::string& what) const {
    const bool unknown = !inner.object && (inner.dtype == TENON_UNDEFINED || outer.dtype == TENON_UNDEFINED);
    const bool same = inner.object == outer.object && (inner.object || inner.dtype == outer.dtype || unknown);
    if (same && !(strict && unknown)) {
      return {};
    }
    return wrong(what + " of its body is " + type_name(inner) + ", but " + type_name(outer) + " around it");
  }

  const Slot& input(size_t i) const { return program_.slots[instruction_.inputs[i]]; }

  Status check_branch() const {
    for (size_t b = 0; b < 2; ++b) {
      const Program& branch = body(b);
      TENON_RETURN_IF_ERROR(check_counts(branch, 0, instruction_.outputs.size()));
      for (size_t i = 0; i < instruction_.outputs.size(); ++i) {
        if (instruction_.outputs[i] != kNone) {
          TENON_RETURN_IF_ERROR(check_same(branch.slots[branch.outputs[i]], program_.slots[instruction_.outputs[i]],
                                           false, "output " + std::to_string(i)));
        }
      }
    }
    return {};
  }

  Status check_present(size_t from) const {
    for (size_t i = from; i < instruction_.inputs.size(); ++i) {
      if (instruction_.inputs[i] == kNone) {
        return wrong("input " + std::to_string(i) + " is absent");
      }
    }
    return {};
  }

  // Loop and Scan: values that are carried along, then scan inputs and outputs. The loop's body has the number of the
  // iteration and the condition ahead of them.
  Status check_loop() const {
    const Program& inner = body(0);
    const size_t before = node_.is("Loop") ? 2 : 0;
    const size_t inputs = instruction_.inputs.size(), outputs = instruction_.outputs.size();
    const int64_t scanned = node_.int_or("num_scan_inputs", 0);
    if (scanned < (before == 0 ? 1 : 0) || inputs < before + static_cast<size_t>(scanned)) {
      return wrong("it has " + std::to_string(inputs) + " inputs, of which " + std::to_string(scanned) +
                   " are to be scanned");
    }
    const size_t carried = inputs - before - static_cast<size_t>(scanned);
    TENON_RETURN_IF_ERROR(check_counts(inner, inputs, outputs + before / 2));
    TENON_RETURN_IF_ERROR(check_present(before));
    if (before > 0) {
      TENON_RETURN_IF_ERROR(check_scalar(inner.slots[inner.inputs[0]], TENON_INT64, "input 0"));
      TENON_RETURN_IF_ERROR(check_scalar(inner.slots[inner.inputs[1]], TENON_BOOL, "input 1"));
      TENON_RETURN_IF_ERROR(check_scalar(inner.slots[inner.outputs[0]], TENON_BOOL, "output 0"));
    }
    for (size_t i = before; i < inputs; ++i) {
      TENON_RETURN_IF_ERROR(check_same(inner.slots[inner.inputs[i]], input(i), true, "input " + std::to_string(i)));
    }
    for (size_t i = 0; i < outputs; ++i) {
      const Slot& made = inner.slots[inner.outputs[i + before / 2]];
      const std::string what = "output " + std::to_string(i + before / 2);
      if (i < carried) {
        TENON_RETURN_IF_ERROR(check_same(made, input(before + i), true, what));
      } else if (made.object) {
        return wrong(what + " of its body is no tensor, so it cannot be scanned");
      }
      if (instruction_.outputs[i] != kNone) {
        TENON_RETURN_IF_ERROR(check_same(made, program_.slots[instruction_.outputs[i]], true, what));
      }
    }
    return {};
  }

  Status check_scalar(const Slot& slot, Dtype dtype, const std::string& what) const {
    if (!slot.object && slot.dtype == dtype) {
      return {};
    }
    return wrong(what + " of its body is " + type_name(slot) + ", expected " + std::string(dtype_name(dtype)));
  }

  Status check_map() const {
    const Program& inner = body(0);
    TENON_RETURN_IF_ERROR(check_counts(inner, instruction_.inputs.size(), instruction_.outputs.size()));
    TENON_RETURN_IF_ERROR(check_present(0));
    if (instruction_.inputs.empty() || !input(0).object) {
      return wrong("its first input is no sequence");
    }
    for (size_t i = 0; i < inner.inputs.size(); ++i) {
      const Slot& slot = inner.slots[inner.inputs[i]];
      if (!input(i).object) {
        TENON_RETURN_IF_ERROR(check_same(slot, input(i), true, "input " + std::to_string(i)));
      } else if (slot.object || slot.dtype == TENON_UNDEFINED) {
        return wrong("input " + std::to_string(i) + " of its body is no tensor of a known type");
      }
    }
    for (size_t i = 0; i < inner.outputs.size(); ++i) {
      if (inner.slots[inner.outputs[i]].object || inner.slots[inner.outputs[i]].dtype == TENON_UNDEFINED ||
          (instruction_.outputs[i] != kNone && !program_.slots[instruction_.outputs[i]].object)) {
        return wrong("output " + std::to_string(i) + " of its body is no tensor of a known type");
      }
    }
    return {};
  }

  const Program& program_;
  const Graph& graph_;
  const Node& node_;
  SlotMaker& slots_;
  Instruction instruction_;
};

Status run_kind(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body) {
  const Node& node = frame->program->graph->nodes[frame->program->instructions[step->instruction].node];
  switch (step->kind) {
    case InstructionKind::branch:
      return run_branch(frame, segment, step, run_body);
    case InstructionKind::loop:
      return node.is("Loop")   ? run_loop(frame, segment, step, run_body)
             : node.is("Scan") ? run_scan(frame, segment, step, run_body)
                               : run_sequence_map(frame, segment, step, run_body);
    default:
      return run_object(frame, segment, step);
  }
}

}  // namespace

Result<Instruction> lower_structure(const Program& program, NodeId id, SlotMaker* slots) {
  return Lowering(program, id, slots).run();
}

Status run_structure(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body) {
  const Status status = run_kind(frame, segment, step, run_body);
  if (status.ok()) {
    return status;
  }
  const Instruction& instruction = frame->program->instructions[step->instruction];
  const Node& node = frame->program->graph->nodes[instruction.node];
  return status.with_node(frame->program->graph->path_of(instruction.node), node.domain + "." + node.op);
}

}  // namespace tenon
