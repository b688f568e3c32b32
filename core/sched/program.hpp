// SPDX-License-Identifier: Apache-2.0
// A placed and compiled graph as a linear list of instructions over slots.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/base/status.hpp"
#include "core/host/region.hpp"
#include "core/ir/graph.hpp"
#include "core/sched/placement.hpp"
#include "core/shape/shape_program.hpp"

namespace tenon {

using SlotId = uint32_t;

// In which memory and layout a tensor lies. The default is dense host memory, which everybody can use.
struct Place {
  uint32_t session = kNone;  // index in Program::sessions of who owns memory or layout; kNone when plain
  uint32_t memory_kind = 0;
  tenon_layout layout = {};

  bool plain() const { return memory_kind == 0 && layout.kind == TENON_LAYOUT_DENSE; }
  // Whether a tensor in one place can be handed over as one in the other. BLOCKED host memory has no owner.
  bool same_as(const Place& other) const;
};

enum class SlotSource : uint8_t {
  input,     // a graph input
  captured,  // a body's value from around it
  constant,
  shape,  // contents come from the shape slice
  made,   // by an instruction
};

// A value in one place: a value that is needed in two places has two slots.
struct Slot {
  ValueId value = kNone;
  SlotSource source = SlotSource::made;
  Place place;
  Dtype dtype = TENON_UNDEFINED;
  uint64_t align = 1;     // bytes: the strictest that an instruction which touches it asks for
  bool object = false;    // a sequence, an optional or a map: in Frame::objects, and nowhere in memory
  uint32_t last_use = 0;  // index of the last instruction that reads or makes it
  bool escapes = false;   // a graph output, or read by a body: alive to the end
};

enum class InstructionKind : uint8_t {
  region,
  view,
  copy,
  branch,  // If
  loop,    // Loop, Scan, SequenceMap: one body, many times
  object,  // makes or reads sequences, optionals and maps
};

struct Instruction {
  InstructionKind kind = InstructionKind::region;
  uint32_t region = kNone;     // region: index in Program::regions
  NodeId node = kNone;         // the node; of a region the first one; of a copy kNone
  std::vector<SlotId> inputs;  // region: as the region's inputs, kNone for constants. Others: the node's, kNone: absent
  std::vector<SlotId> outputs;                // kNone: absent
  std::vector<uint32_t> bodies;               // indices in Program::bodies. branch: then and else
  std::vector<std::vector<SlotId>> captures;  // for each body, what it captures, in its order
};

// Immutable once built; shared by all runs. Borrows the graph, which must outlive it.
struct Program {
  const Graph* graph = nullptr;
  std::unique_ptr<ShapeProgram> shapes;
  std::vector<std::shared_ptr<ProviderSession>> sessions;  // the same in all bodies
  std::shared_ptr<WeightStore> weights;                    // likewise
  std::vector<Slot> slots;
  std::vector<Instruction> instructions;
  std::vector<SlotId> inputs;    // by graph input
  std::vector<SlotId> captures;  // by capture: of its inner value
  std::vector<SlotId> outputs;   // by graph output; in dense host memory; one slot may stand for several
  bool objects = false;          // a slot, of a body too, is an object
  std::vector<std::shared_ptr<CompiledRegion>> regions;
  std::vector<std::unique_ptr<Program>> bodies;
  // Values whose contents shapes wait for, and the plain slot in which they can be read.
  std::vector<std::pair<ValueId, SlotId>> watched;

  // What the report needs.
  Placement placement;
  std::vector<Answer> answers;  // without claims
};

// Index of the session whose provider makes a copy instruction; kNone: core.
uint32_t copy_session(const Program& program, const Instruction& instruction);

// How sessions are asked and what is done with their answers.
struct ProgramOptions {
  Policy policy = Policy::warn;
  bool fusion = true;
  bool views = true;
  InferOptions infer;
  Task* task = nullptr;                  // of compile; required
  std::shared_ptr<WeightStore> weights;  // that the sessions were made with; required
  // What sessions have said of graphs already, in their order: taken from here instead of asking again. May be NULL.
  std::map<const Graph*, std::vector<Answer>>* answers = nullptr;
};

// Queries every session about the graph and, deeper, its bodies; places, compiles and lowers. A claim that compile
// takes back is left out and the rest is placed anew. `last_resort`: by session. The graph must not change afterwards.
// Errors: PLACEMENT or UNSUPPORTED (nodes without a taker), what compile answered, LIMIT.
Result<std::unique_ptr<Program>> build_program(const Graph& graph,
                                               const std::vector<std::shared_ptr<ProviderSession>>& sessions,
                                               const std::vector<bool>& last_resort, const ProgramOptions& options);

// Asks every session about the whole graph; a session that fails to answer is one that refuses every node with that.
Result<std::vector<Answer>> query_sessions(const GraphView& view,
                                           const std::vector<std::shared_ptr<ProviderSession>>& sessions,
                                           const std::vector<bool>& last_resort);

}  // namespace tenon
