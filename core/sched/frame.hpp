// SPDX-License-Identifier: Apache-2.0
// A program made ready for one set of input shapes: memory, prepared regions, and records that a run only has to walk.
//
// A Frame serves one run at a time; concurrent runs have one each. It holds a tree of segments: a segment ends where
// only its result tells the shapes or the memory of what follows, and has one child for each continuation seen.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/arena.hpp"
#include "core/base/memory.hpp"
#include "core/host/device.hpp"
#include "core/sched/blocks.hpp"
#include "core/sched/flight.hpp"
#include "core/sched/program.hpp"
#include "core/structure/object.hpp"

namespace tenon {

class OutputAllocator;
struct Frame;

// What is known of a slot within a segment.
struct SlotState {
  const int64_t* dims = nullptr;
  uint32_t rank = 0;
  bool known = false;           // dims are valid
  uint64_t bytes = 0;           // STRING: not known here
  uint32_t root = kNone;        // index in Frame::pointers of where its bytes are
  tenon_mem* memory = nullptr;  // device memory; then root is kNone
  uint64_t offset = 0;
  CallId maker = kNoCall;  // the asynchronous call that makes it
};

// A record whose address changes from run to run.
struct Patch {
  uint32_t root;
  tenon_tensor* tensor;
};

// A pointer into a segment's block: at `at` (a void* or std::byte*) the block's address plus offset, moved up to align.
struct Based {
  void* at;
  uint64_t offset;
  uint64_t align;
};

struct Step {
  InstructionKind kind = InstructionKind::region;
  uint32_t instruction = 0;
  const CompiledRegion* region = nullptr;
  std::shared_ptr<const Prepared> prepared;
  tenon_run run = {};
  std::shared_ptr<OutputAllocator> allocator;  // when an output's memory is asked for
  CopySide from = {}, to = {};                 // copy
  Provider* copier = nullptr;                  // who copies; NULL: core
  tenon_copy copy = {};                        // what it is told
  Call call;
  std::vector<std::vector<std::unique_ptr<Frame>>> bodies;  // for each body the frames made so far
};

struct Segment {
  uint32_t begin = 0, end = 0;  // instructions
  ShapeResult shapes;
  std::vector<SlotState> slots;  // by SlotId
  Arena records;                 // dims and tensors
  uint64_t block_bytes = 0;      // of activations; 0: needs no block
  std::byte* base = nullptr;     // of the block for which `based` were last set; NULL: for none yet
  std::vector<Based> based;      // in records, steps and `fixed`
  std::vector<DeviceBuffer> device_arenas;
  std::vector<Step> steps;
  std::vector<Patch> patches;
  std::vector<Patch> device_patches;                   // root is a slot whose device memory is asked for in each run
  std::vector<std::pair<uint32_t, std::byte*>> fixed;  // index in Frame::pointers, and where this segment has it
  std::vector<uint32_t> homes;                         // graph outputs that are written in place here
  std::vector<SlotId> reports;  // slots whose dims, and `watched` ones whose contents, lead to the next segment
  std::vector<int64_t> key;     // what the parent's reports were: rank and dims of each
  std::vector<ConstantPtr> key_contents;  // and contents, NULL where not watched
  CallOrder order;                        // of the asynchronous calls up to the end of this segment
  std::vector<Call*> calls;               // those calls, by CallId
  std::vector<const Call*> host_after;    // what the host waits for when it has been through the steps
  std::vector<std::unique_ptr<Segment>> children;
  Segment* active = nullptr;  // the child whose `fixed` are in Frame::pointers
};

// The memory of a slot that the plan cannot place: asked for by a region, or lent by a body or an object.
struct Dynamic {
  Buffer buffer;
  ObjectPtr lender;     // the tensor of a sequence or an optional that the slot's pointer leads into
  DeviceBuffer device;  // in its place where the slot lies in device memory
  int64_t dims[TENON_MAX_RANK] = {};
  uint32_t rank = 0;
  uint64_t bytes = 0;
  bool set = false;  // in this run
};

// One output of a run.
struct OutputPort {
  const tenon_tensor* given = nullptr;  // the caller's memory; NULL: to be made
  bool wanted = true;
  bool overlaps = false;  // `given` shares memory with an input of the run: not to be written before the end
};

// Makes outputs for which the caller gave no memory.
class OutputMaker {
 public:
  // Dense host memory, aligned to 64 bytes, of dense_bytes or (STRING) `bytes` bytes.
  virtual Result<std::byte*> make_output(uint32_t index, Dtype dtype, const int64_t* dims, uint32_t rank,
                                         uint64_t bytes) = 0;
  // Takes an output that is no tensor.
  virtual Status take_object(uint32_t index, const ObjectPtr& object) = 0;

 protected:
  ~OutputMaker() = default;
};

// Where a graph output of the run under way is.
enum class OutputState : uint8_t {
  elsewhere,  // wherever the program leaves it: to be copied at the end
  in_place,   // in the memory that the caller gets
  scratch,    // in a buffer of the frame: to be copied at the end
};

struct Frame {
  const Program* program = nullptr;
  bool body = false;
  std::vector<KnownValue> key;  // graph inputs, then captures: dims, and contents where shapes want them
  Task task;                    // that records point to; set by each run
  std::unique_ptr<Segment> root;
  // Where things are in the run under way: by SlotId, then by graph output.
  std::vector<std::byte*> pointers;
  std::vector<uint64_t> sizes;                     // bytes; set where the address changes from run to run
  std::vector<std::unique_ptr<Dynamic>> dynamics;  // by SlotId
  std::vector<ObjectPtr> objects;                  // by SlotId, where the program has objects; else empty
  std::vector<Buffer> staging;         // by graph input: a dense, aligned copy where the caller's is neither
  std::vector<Buffer> scratch;         // by graph output: where the caller's memory is not used
  std::vector<uint64_t> input_align;   // by graph input: what instructions ask for
  std::vector<uint64_t> output_align;  // by graph output: what instructions ask for where it is written in place
  std::vector<OutputState> outputs;    // by graph output, of the run under way
  const Segment* last = nullptr;       // that the run under way has reached
  Memory* memory = nullptr;            // books of the session
  BlockPool* pool = nullptr;           // of the session
  Frame* top = nullptr;                // the frame of the run: itself, or what a body's frame is part of
  std::vector<std::unique_ptr<Block>> blocks;  // of the run under way, bodies' included; of the top frame only
  Flight flight;                               // its own calls; a body's frame has its own
  bool lent = false;                           // of a body: what its last run made is still read
  bool broken = false;  // of the top frame: a timeline of it or of a body may be poisoned, so it serves no further run

  // Gets the block of a segment that the run comes to, and sets what points into it; true when that is elsewhere than
  // it was. Allocates nothing when the pool does not. LIMIT, OUT_OF_MEMORY.
  Result<bool> take_block(Segment* segment);
  // Makes what a segment has fixed known to what follows.
  void publish(const Segment& segment) {
    for (const auto& [index, pointer] : segment.fixed) {
      pointers[index] = pointer;
    }
  }
  // Forgets the objects of the run that has ended, bodies' included.
  void drop_objects();
  uint32_t output_root(size_t output) const { return static_cast<uint32_t>(program->slots.size() + output); }
};

// Dims and bytes of a slot at the end of a segment that has run.
struct Extent {
  const int64_t* dims;
  uint32_t rank;
  uint64_t bytes;
};
Extent extent_of(const Frame& frame, const Segment& segment, SlotId slot);

}  // namespace tenon
