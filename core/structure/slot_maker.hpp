// SPDX-License-Identifier: Apache-2.0
// What lowering lends to those who turn a structure node into an instruction.
#pragma once

#include "core/ir/graph.hpp"
#include "core/sched/program.hpp"

namespace tenon {

class SlotMaker {
 public:
  // A slot of a value that exists already, wherever that is; of a constant or a value of the shape slice a new one.
  virtual SlotId any_slot(ValueId value) = 0;
  // The value's slot in dense host memory; adds a copy instruction where there is none.
  virtual SlotId plain_slot(ValueId value) = 0;
  // A slot for what the instruction makes.
  virtual SlotId made_slot(ValueId value, const Place& place) = 0;
  // Index in Program::bodies.
  virtual uint32_t body_index(const Graph* body) const = 0;

 protected:
  ~SlotMaker() = default;
};

}  // namespace tenon
