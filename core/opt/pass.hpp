// SPDX-License-Identifier: Apache-2.0
// What a pass is given, and the edits that passes share. A pass is one function `Status pass_<name>(PassContext&)` in
// core/opt/passes/<name>.cc with its line in core/opt/passes.def.
//
// No pass may drop x*0, x-x or +0 on floats; merge Casts unless the inner type holds every value of the source; merge
// or fold random nodes; treat an overridable initializer as a constant; rename, reorder or retype graph inputs and
// outputs.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/opt/run_passes.hpp"

namespace tenon {

struct PassContext {
  Model& model;
  const PassOptions& options;
  const PassServices& services;
  std::string_view pass;  // name of the one that runs
  uint64_t changes = 0;   // counted by the pass
  // Nodes that could not be folded, so that later rounds don't try again.
  std::set<std::pair<const Graph*, NodeId>> unfoldable;
};

#define TENON_PASS(name, kind, text) Status pass_##name(PassContext& context);
#include "core/opt/passes.def"
#undef TENON_PASS

// ---- Looking ----

// The node that makes `value`, when it is `op` of ai.onnx; else NULL.
const Node* producer(const Graph& graph, ValueId value, std::string_view op);
// The one use of `value` in its graph, when there is exactly one and it is no graph output; else kNone.
NodeId sole_user(const Graph& graph, ValueId value);
// The number that every element of a constant is: float64/32/16, bfloat16 and integers, one element or a splat.
std::optional<double> uniform_value(const Graph& graph, ValueId value);
// As uniform_value, of a constant with one element and a rank of at most `max_rank`.
std::optional<double> scalar_value(const Graph& graph, ValueId value, size_t max_rank = 8);
// Of a commutative node with two inputs: the input that is not `known`; kNone when `known` is neither.
ValueId other_input(const Node& node, ValueId known);
// Equal tensor types with all dims known or of equal symbols.
bool same_shape(const Type& a, const Type& b);
bool is_float(Dtype dtype);
// A constant INT64 input as numbers.
std::optional<std::vector<int64_t>> constant_integers(const Graph& graph, ValueId value);

// ---- Editing ----

// A new node of ai.onnx with one output, before `before`: form and defaults from the schema, types inferred, origins of
// `origins`. `name` is for the node and its output.
Result<ValueId> add_node(PassContext& context, Graph& graph, NodeId before, std::string op, std::vector<ValueId> inputs,
                         std::vector<Attribute> attributes, std::vector<OriginId> origins, std::string_view name);
Attribute int_attribute(std::string name, int64_t value);
Attribute ints_attribute(std::string name, std::vector<int64_t> value);
Attribute float_attribute(std::string name, float value);
Attribute string_attribute(std::string name, std::string value);
// A scalar constant of a float dtype (32 or 64 bits).
ValueId add_scalar(Graph& graph, std::string_view name, Dtype dtype, double value);

// Lets `to`, a value that a pass has just made, stand for `from` everywhere, by its name, too.
void take_over(Graph& graph, ValueId from, ValueId to);
// What became of a node's origins, before it is erased.
void mark(PassContext& context, const Node& node, Fate fate, std::string by, std::string detail);
// Erases nodes that are out of use, last ones first, and marks them as removed by the pass, or replaced when `by_node`
// is given (its path).
void retire(PassContext& context, Graph& graph, std::vector<NodeId> ids, std::string by_node = "");
// Lets `to` stand for the only output of `id` and retires it. False, and nothing is done, when a graph output forbids.
bool bypass(PassContext& context, Graph& graph, NodeId id, ValueId to);
void append_origins(std::vector<OriginId>* to, const Node& from);

}  // namespace tenon
