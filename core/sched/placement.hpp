// SPDX-License-Identifier: Apache-2.0
// Which provider runs which node: a pure function of what providers claim, their order, and the policy.
//
// 1. Nodes that need no provider are core's: the shape slice, views, structure.
// 2. Providers are asked in order; each gets the nodes it claims that no earlier one has, larger claims first.
// 3. A later provider takes nodes from an earlier one when both estimates are modelled or measured and it is cheaper by
//    more than 20%, copies at its borders counted. A last-resort provider never does.
// 4. Of several claims of one provider for the same nodes (layouts), the one that is cheapest with the conversions from
//    what feeds it wins.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.hpp"
#include "core/host/query.hpp"
#include "core/ir/graph.hpp"
#include "core/sched/policy.hpp"

namespace tenon {

// What one provider session said about one graph.
struct Answer {
  std::string provider;  // id, for messages
  bool last_resort = false;
  QueryResult said;
};

enum class NodeClass : uint8_t { none, region, view, shape, structure };

// How a later provider came by nodes that earlier ones claim [rule 3]. Times in nanoseconds, copies included, as they
// were when it was decided.
struct Displacement {
  std::vector<uint32_t> from;  // indices in the answers, each once
  double before_ns = 0, after_ns = 0;
  double before_copies_ns = 0, after_copies_ns = 0;
};

struct PlacedRegion {
  uint32_t provider = 0;  // index in the answers
  uint32_t claim = 0;     // index in its claims
  std::vector<NodeId> nodes;
  std::optional<Displacement> displaced;
};

struct Placement {
  std::vector<NodeClass> classes;   // by NodeId; `none` for dead nodes
  std::vector<uint32_t> region_of;  // by NodeId: index into regions, or kNone
  std::vector<PlacedRegion> regions;
};

struct PlacementOptions {
  Policy policy = Policy::warn;
  bool fusion = true;
  bool views = true;
  bool partial = false;                  // a node without a taker is no error: its class stays `none`
  std::function<bool(NodeId)> in_slice;  // the node is evaluated by the shape slice; empty: none is
  // Claims that compile has taken back: {index in the answers, index in its claims}.
  std::set<std::pair<uint32_t, uint32_t>> declined;
};

// Places every live node of one graph (not of its bodies). Errors: PLACEMENT under Policy::strict, else UNSUPPORTED,
// when no provider takes a node; the message lists nodes, providers and reasons.
Result<Placement> place(const Graph& graph, std::span<const Answer> answers, const PlacementOptions& options);

// "rank 5 is not supported (RANK)"; what `answer` said about the node, or that it said nothing.
std::string refusal_text(const Answer& answer, NodeId node);

}  // namespace tenon
