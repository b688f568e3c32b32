// SPDX-License-Identifier: Apache-2.0
// A session's constants as providers see them [R11]: found by id, aligned on demand, dropped when nobody needs them.
#pragma once

#include <tenon/plugin.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/memory.hpp"
#include "core/base/status.hpp"
#include "core/base/thread_pool.hpp"
#include "core/ir/constant.hpp"
#include "core/ir/graph.hpp"

namespace tenon {

// Gives the physical pages of a mapped constant back (they are read again when touched); nothing for others. Called
// when its bytes have been copied, so that a file larger than half of the memory can be loaded.
void release_pages(const Constant& constant);

// The constant's elements, dense, written to `to` (constant.full_bytes() bytes): a splat is spread out.
// Stops between two pieces when `task` does: CANCELLED or DEADLINE, and part of it is written.
Status copy_constant(const Constant& constant, void* to, Task* task);
void copy_constant(const Constant& constant, void* to);

// What the splats of a session may take at most when they are spread out.
inline constexpr uint64_t kMaxSpreadBytes = 4ull << 30;

// Any thread. Lives as long as every ProviderSession made with it (they share it).
class WeightStore {
 public:
  // Aligned copies are counted in `memory`, which must outlive this object.
  explicit WeightStore(Memory& memory = Memory::process()) : memory_(memory) {}

  // While `task` is there, get stops when it does. `spread_bytes`: how much all splats together may take when they are
  // spread out, since a file of a few bytes can ask for any number; never more than kMaxSpreadBytes.
  void set_limits(Task* task, uint64_t spread_bytes);

  // The ids are indices into `constants` (Model::constants). May be called again when the model got more of them; what
  // an id already names must stay the same constant.
  void set_constants(const std::vector<ConstantPtr>& constants);
  // The constant itself; NULL for an unknown id or one that was dropped.
  ConstantPtr constant(ConstantId id) const;

  // A dense, read-only host tensor at a multiple of `align` (0: the element's own size): the constant's own bytes where
  // they lie so, else a copy that is made once (for the largest alignment asked so far; older ones stay valid). Its
  // pointers live as long as the store or until drop_unneeded. NOT_FOUND for an unknown id, OUT_OF_MEMORY, LIMIT;
  // CANCELLED or DEADLINE when the task ends before the copy is done.
  Status get(ConstantId id, uint64_t align, tenon_weight* out);

  // Marks a constant as used after loading. The host does so for the constants that it hands to providers or callers
  // itself; CompiledRegion::compile for those whose region asked for no pack, or for a pack that needs the original.
  void keep(ConstantId id);
  // Forgets the aligned copies of a constant that nobody keeps: a region has packed it and is through with the
  // original. A region compiled later gets a new copy.
  void drop_copies(ConstantId id);
  // After every region is compiled: forgets all constants that nobody keeps, with their copies, also in `model` (its
  // entries become NULL) when it is not NULL. Tensors handed out for them end here.
  void drop_unneeded(Model* model);
  // Forgets every constant, kept or not; ids stay taken. All regions that used them are gone.
  void forget_all();

 private:
  struct Copy {
    Buffer buffer;
    uint64_t align = 0;
  };
  struct Entry {
    ConstantPtr constant;
    std::vector<Copy> copies;
    bool kept = false;
  };
  // A copy at that alignment. The lock is held.
  Result<Buffer> copy_of(ConstantId id, uint64_t align);
  Memory& memory_;
  Task* task_ = nullptr;
  uint64_t spread_left_ = kMaxSpreadBytes;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace tenon

// What a provider passes back to weight_get. One for each ProviderSession.
struct tenon_host_session {
  tenon::WeightStore* weights = nullptr;
};
