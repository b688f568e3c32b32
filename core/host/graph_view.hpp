// SPDX-License-Identifier: Apache-2.0
// An IR graph, or a region of one, as the plain records that cross to providers [R6].
#pragma once

#include <tenon/plugin.h>

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/base/arena.hpp"
#include "core/base/status.hpp"
#include "core/ir/graph.hpp"

namespace tenon {

// Movable; pointers of raw() live as long as the view. It borrows names, attributes and constants of the graph, which
// must not change while the view is used. Costs O(nodes + values + attributes).
//
// The whole graph is shown, also what the host runs itself: nodes with bodies (their inputs followed by the values that
// the bodies capture) and values that are no tensors (dtype UNDEFINED, rank unknown). Nobody may claim those.
class GraphView {
 public:
  // A graph as it is queried: nodes in run order; values with a type or user; inputs: the graph's, then (of a body) the
  // captured values, flagged CAPTURED; outputs: the graph's. Ids are dense and not those of the IR. LIMIT when an
  // attribute's splat would be huge.
  static Result<GraphView> whole(const Graph& graph);
  // A claimed region as it is compiled. `nodes`: IR ids in run order. inputs: each value from outside once, constants
  // included, in order of first use; outputs: those used outside (by a node, a body or the graph's outputs), in the
  // order they are made. `origin` of nodes and values is their id in `queried`, a whole graph. Costs
  // O(size of the region).
  static Result<GraphView> region(const GraphView& queried, std::span<const NodeId> nodes);

  const tenon_graph& raw() const { return raw_; }
  const Graph& graph() const { return *graph_; }
  uint32_t nodes() const { return raw_.nnodes; }
  uint32_t values() const { return raw_.nvalues; }
  // From the view's dense ids to the IR's and, in a whole graph, back; TENON_NO_ID / kNone (the same number) for what
  // is not in the view.
  NodeId node(uint32_t local) const { return node_ids_[local]; }
  ValueId value(uint32_t local) const { return value_ids_[local]; }
  uint32_t local_node(NodeId id) const { return id < local_nodes_.size() ? local_nodes_[id] : TENON_NO_ID; }
  uint32_t local_value(ValueId id) const { return id < local_values_.size() ? local_values_[id] : TENON_NO_ID; }
  // In a whole graph: is the value one of the graph's outputs?
  bool is_output(ValueId id) const { return id < is_output_.size() && is_output_[id]; }

 private:
  GraphView() = default;
  uint32_t add_value(ValueId id);
  uint32_t find_value(ValueId id) const;
  void note_value(ValueId id, uint32_t local);
  Status add_node(NodeId id);
  void finish(const std::vector<uint32_t>& inputs, const std::vector<uint32_t>& outputs, const GraphView* queried);

  const Graph* graph_ = nullptr;
  Arena arena_;
  tenon_graph raw_{};
  std::vector<tenon_node> nodes_;
  std::vector<tenon_graph_value> values_;
  std::vector<NodeId> node_ids_;
  std::vector<ValueId> value_ids_;
  std::vector<uint32_t> local_nodes_;   // by IR id; of a whole graph
  std::vector<uint32_t> local_values_;  // likewise
  std::vector<bool> is_output_;         // likewise
  // By IR id, while a region of many values is made: tables as long as the graph would make many regions quadratic.
  std::unordered_map<ValueId, uint32_t> region_values_;
};

// Whether the host runs this node itself and nobody may claim it: it has bodies, or an input or output that is no
// tensor.
bool host_only(const Graph& graph, const Node& node);
// The constant as a dense host tensor at its own address (not aligned); a splat has no such tensor: data NULL.
tenon_tensor tensor_of(const Constant& constant);

// Values that cross a region's border, each once: from outside in order of first use, constants included; used outside
// in the order they are made. O(size of the region).
struct RegionBorder {
  std::vector<ValueId> inputs, outputs;
};
RegionBorder region_border(const GraphView& whole, std::span<const NodeId> nodes);

// The node's attributes as records in `arena`; those that cannot cross (graphs, types) are left out.
Result<std::span<const tenon_attribute>> make_attributes(Arena& arena, const Node& node);
// dtype, rank, dims and symbols of a value.
void describe_type(Arena& arena, const Type& type, tenon_graph_value* to);

}  // namespace tenon
