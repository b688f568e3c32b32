// SPDX-License-Identifier: Apache-2.0
// The placement report: what became of every node that the model had, and why.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/ir/graph.hpp"
#include "core/sched/expand.hpp"
#include "core/sched/program.hpp"

namespace tenon {

struct NodeReport {
  std::string path, op;
  std::string node_class;  // a provider's id, or view, shape, structure, expanded, folded, removed, replaced
  std::string provider, device, kernel;  // of those that a provider runs; expanded: when all parts have the same
  std::string why;
  int64_t group = -1;  // nodes with the same number run as one; -1: alone
  struct Other {
    std::string provider, reason, text;
  };
  std::vector<Other> others;  // what the providers that do not run it said
};

struct CopyReport {
  std::string value, from, to;
  int64_t bytes = -1;            // -1: known at run time only
  const Graph* graph = nullptr;  // where the value is
  ValueId id = kNone;
  std::vector<NodeId> readers;  // who takes the value in the place that it is copied to
  bool output = false;          // the copy is an output of the graph
};

struct PlacementReport {
  std::vector<NodeReport> nodes;  // in the model's order
  std::vector<CopyReport> copies;
  // Nodes of each class: providers in order of preference, then the others.
  std::vector<std::pair<std::string, uint64_t>> classes;
  std::string line;  // "95 nodes: cpu 61, view 14, folded 18, removed 2"
};

// `expanded`: of the model, by expand_nodes.
PlacementReport make_report(const Model& model, const Program& program, const std::vector<Expansion>& expanded);

}  // namespace tenon
