// SPDX-License-Identifier: Apache-2.0
// An IR graph, or a region of one, as the plain records that cross to providers [R6].
#pragma once

#include <tenon/plugin.h>

#include <cstdint>
#include <span>
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
  // order they are made. `origin` of nodes and values is their id in `queried`, a view of the same graph.
  static Result<GraphView> region(const Graph& graph, std::span<const NodeId> nodes, const GraphView& queried);

  const tenon_graph& raw() const { return raw_; }
  const Graph& graph() const { return *graph_; }
  uint32_t nodes() const { return raw_.nnodes; }
  uint32_t values() const { return raw_.nvalues; }
  // From the view's dense ids to the IR's and back; TENON_NO_ID / kNone (the same number) for what is not in the view.
  NodeId node(uint32_t local) const { return node_ids_[local]; }
  ValueId value(uint32_t local) const { return value_ids_[local]; }
  uint32_t local_node(NodeId id) const { return id < local_nodes_.size() ? local_nodes_[id] : TENON_NO_ID; }
  uint32_t local_value(ValueId id) const { return id < local_values_.size() ? local_values_[id] : TENON_NO_ID; }
  // Of a region: inputs and outputs as IR ids, in the order of raw().inputs and raw().outputs.
  std::vector<ValueId> input_values() const;
  std::vector<ValueId> output_values() const;

 private:
  GraphView() = default;
  uint32_t add_value(ValueId id);
  Status add_node(NodeId id);
  void finish(const std::vector<uint32_t>& inputs, const std::vector<uint32_t>& outputs, const GraphView* queried);
  Result<const tenon_attribute*> make_attributes(const Node& node, uint32_t* count);
  Status make_attribute(const Node& node, const Attribute& from, tenon_attribute* to);

  const Graph* graph_ = nullptr;
  Arena arena_;
  tenon_graph raw_{};
  std::vector<tenon_node> nodes_;
  std::vector<tenon_graph_value> values_;
  std::vector<NodeId> node_ids_;
  std::vector<ValueId> value_ids_;
  std::vector<uint32_t> local_nodes_;
  std::vector<uint32_t> local_values_;
};

// Whether the host runs this node itself and nobody may claim it: it has bodies, or an input or output that is no
// tensor.
bool host_only(const Graph& graph, const Node& node);
// The constant as a dense host tensor at its own address (not aligned); a splat has no such tensor: data NULL.
tenon_tensor tensor_of(const Constant& constant);

}  // namespace tenon
