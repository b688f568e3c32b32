// SPDX-License-Identifier: Apache-2.0
// What an operator over sequences and optionals is given: its inputs, and where its outputs go.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/structure/body.hpp"

namespace tenon {

struct ObjectCall {
  Frame& frame;
  const Segment& segment;
  Step& step;

  const Instruction& instruction() const { return frame.program->instructions[step.instruction]; }
  const Node& node() const { return frame.program->graph->nodes[instruction().node]; }
  size_t inputs() const { return instruction().inputs.size(); }
  bool present(size_t i) const { return i < inputs() && instruction().inputs[i] != kNone; }
  bool is_object(size_t i) const { return frame.program->slots[instruction().inputs[i]].object; }
  Dtype dtype(size_t i) const { return frame.program->slots[instruction().inputs[i]].dtype; }
  BodyValue value(size_t i) const { return value_of(frame, segment, instruction().inputs[i]); }

  // An input that is a sequence or an optional. INTERNAL when it is not there.
  Result<ObjectPtr> object(size_t i) const;
  // The same; where nobody reads it later, the reference that the slot had.
  Result<ObjectPtr> take(size_t i) const;
  // Input `i` as something that a sequence or an optional may hold: an object as it is; a tensor shared with the object
  // that it came from, or copied. LIMIT, OUT_OF_MEMORY.
  Result<ObjectPtr> item(size_t i) const;
  // A tensor of one integer. RUN when there is none or several.
  Result<int64_t> integer(size_t i) const;

  // Output 0.
  void give(ObjectPtr object) const { frame.objects[instruction().outputs[0]] = std::move(object); }
  Status give_item(const ObjectPtr& item) const;  // a tensor is lent
  // Memory for output 0, a tensor of these dims, which becomes the output with give_room.
  Result<std::byte*> room(uint64_t bytes) const;
  Status give_room(std::span<const int64_t> dims, uint64_t bytes) const;
  template <typename T>
  Status give_scalar(T value) const {
    TENON_ASSIGN_OR_RETURN(std::byte * to, room(sizeof value));
    *reinterpret_cast<T*>(to) = value;
    return give_room({}, sizeof value);
  }
};

}  // namespace tenon
