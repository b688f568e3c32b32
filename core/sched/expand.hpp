// SPDX-License-Identifier: Apache-2.0
// Before placement: a node that no preferred provider claims is offered as what it was raised from, else as its
// schema's function body, and stands as that when preferred providers claim all of it. A node that nobody at all claims
// also does when any providers claim all of it together.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "core/base/status.hpp"
#include "core/base/thread_pool.hpp"
#include "core/ir/graph.hpp"
#include "core/sched/placement.hpp"
#include "core/shape/infer.hpp"

namespace tenon {

// What every session says about a graph; the same number of answers, in the same order, whenever it is called. The
// model may have got more constants since the last call; none changes its id.
using AskAll = std::function<Result<std::vector<Answer>>(const Graph&)>;

struct ExpandOptions {
  bool fusion = true;  // as in PlacementOptions
  bool views = true;
  InferOptions infer;
  uint64_t max_nodes = 2'000'000;  // of the model: a node whose parts would lead beyond stays as it is
  const Task* task = nullptr;      // NULL: no deadline
};

// A node that stands as its function body. The origins have Fate::expanded.
struct Expansion {
  std::vector<OriginId> origins;
  // What was said of the node itself.
  struct Words {
    std::string provider;
    Refusal refusal;
  };
  std::vector<Words> others;
};

struct Expanded {
  std::vector<Expansion> nodes;
  bool changed = false;  // nodes were expanded, or taken back to what they were raised from
  // Answers that still hold, by graph. Empty when anything was expanded.
  std::map<const Graph*, std::vector<Answer>> answers;
};

// Expands what is to be expanded, bodies included, and infers types anew when that is anything. infer_model must have
// run. A pure function of the model and the answers. Bounded: parts of at most 512 nodes, within each other at most 4
// deep. Errors: what asking answers, DEADLINE, OUT_OF_MEMORY.
Result<Expanded> expand_nodes(Model* model, const AskAll& ask, const ExpandOptions& options);

}  // namespace tenon
