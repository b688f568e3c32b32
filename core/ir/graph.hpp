// SPDX-License-Identifier: Apache-2.0
// The IR: a Model holds graphs of nodes over values. No opset here: a node carries domain, op and form.
//
// Invariants (core/ir/verify.cc checks them):
//   1. Ids are indices and never reused; an erased node or value stays as a dead record.
//   2. A value has exactly one source: graph input, captured value, constant, or one output of one live node.
//   3. `order` lists every live node once, producers before users.
//   4. users of a value: one entry for each use by a live node's input or capture (so a node may stand several times).
//   5. A body sees values around it only through its captures; constants are shared by ConstantId and need none.
//   6. Graph inputs and outputs keep name, order and type from import on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/base/status.hpp"
#include "core/ir/constant.hpp"
#include "core/ir/types.hpp"

namespace tenon {

using ValueId = uint32_t;
using NodeId = uint32_t;
using ConstantId = uint32_t;  // index into Model::constants
using OriginId = uint32_t;    // index into Model::origins
inline constexpr uint32_t kNone = UINT32_MAX;

struct Graph;
struct RaisedFrom;

// ONNX's AttributeProto, without graphs (those are Node::bodies). `type` has ONNX's numbers, as TENON_ATTR_*.
struct Attribute {
  std::string name;
  uint32_t type = 0;
  int64_t i = 0;
  float f = 0;
  std::string s;
  std::vector<int64_t> ints;
  std::vector<float> floats;
  std::vector<std::string> strings;
  ConstantPtr tensor;
  std::shared_ptr<const Type> type_value;  // TYPE_PROTO (Optional)
};

struct Value {
  std::string name;  // unique in its graph; as in the model where it comes from there
  Type type;
  ShapeClass shape_class = ShapeClass::unknown;
  ConstantId constant = kNone;
  NodeId producer = kNone;
  uint32_t output_index = 0;  // of the producer
  std::vector<NodeId> users;
  bool live = true;
};

struct Capture {
  ValueId outer;
  ValueId inner;
};

struct Node {
  std::string name;    // as in the model, or made up; unique in its graph
  std::string domain;  // "ai.onnx", never empty
  std::string op;
  uint32_t form = 0;
  std::vector<ValueId> inputs;                                         // kNone: absent optional
  std::vector<ValueId> outputs;                                        // kNone: absent optional
  std::vector<Attribute> attributes;                                   // schema defaults filled in
  std::vector<std::pair<std::string, std::unique_ptr<Graph>>> bodies;  // graph attributes by name
  std::vector<OriginId> origins;                                       // the model's nodes that it stands for
  std::shared_ptr<const RaisedFrom> raised_from;                       // NULL: not raised; no part of the text form
  bool live = true;

  const Attribute* attribute(std::string_view attribute_name) const;
  int64_t int_or(std::string_view attribute_name, int64_t fallback) const;
  float float_or(std::string_view attribute_name, float fallback) const;
  std::string string_or(std::string_view attribute_name, std::string_view fallback) const;
  std::vector<int64_t> ints_or(std::string_view attribute_name, std::vector<int64_t> fallback) const;
  bool is(std::string_view op_name, std::string_view op_domain = "ai.onnx") const {
    return op == op_name && domain == op_domain;
  }
  Graph* body(std::string_view attribute_name) const;
  void set_int(std::string_view attribute_name, int64_t value);
  void set_ints(std::string_view attribute_name, std::vector<int64_t> value);
  void set_float(std::string_view attribute_name, float value);
  void set_string(std::string_view attribute_name, std::string value);
  void erase_attribute(std::string_view attribute_name);
};

struct Model;

struct Graph {
  std::string name;
  Model* model = nullptr;
  Graph* parent = nullptr;  // of a body
  NodeId parent_node = kNone;
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<NodeId> order;
  std::vector<ValueId> inputs;   // a default that a run may replace (IR >= 4) stands here too, with its constant in
                                 // Model::overridable, not in Value::constant
  std::vector<ValueId> outputs;  // may name one value twice, or an input, or a constant
  std::vector<Capture> captures;
  std::vector<Type> declared_outputs;  // main graph: types of `outputs` as the model declares them; kept by
                                       // infer_model, which trusts no declared dim in Value::type. Empty before

  // Edits keep invariants 1-4. Names that are taken get a suffix.
  ValueId add_value(std::string value_name, Type type = {});
  ValueId add_constant(std::string value_name, ConstantPtr constant);
  // Inserts before `before` in order (kNone: at the end). Outputs must have no source yet.
  NodeId add_node(Node node, NodeId before = kNone);
  // Outputs must have no users left and not be graph outputs.
  void erase_node(NodeId id);
  // The same for several at once, users before producers or in any other order; linear in the graph, not in its product
  // with `ids`.
  void erase_nodes(const std::vector<NodeId>& ids);
  // Drops a value that has neither source nor users and is no input or output.
  void erase_value(ValueId id);
  void set_input(NodeId id, uint32_t index, ValueId value);
  // Every use of `from` (inputs, captures of bodies, graph outputs when `outputs_too`) becomes `to`. In the main graph
  // `to` takes over the name of an output (can_take_outputs must hold): names of outputs are the model's interface.
  void replace_uses(ValueId from, ValueId to, bool outputs_too);
  // Makes an output absent that nobody uses; absent ones at the end go.
  void drop_output(NodeId id, uint32_t index);
  // Of a body: its inner value must have no users left, or get another source at once.
  void erase_capture(size_t index);
  // Whether `to` may stand for `from` as graph output: always in a body and where `from` is no output; in the main
  // graph only for a node's output or a constant that is not an output itself.
  bool can_take_outputs(ValueId from, ValueId to) const;
  // Adds a captured value to a body: a new inner value of outer's type, or the inner of the capture that exists. The
  // parent node's entry in the outer value's users is added.
  ValueId capture(ValueId outer);
  // `wanted`, or with a suffix when a value (a node) of the graph has that name.
  std::string unique_value_name(std::string_view wanted);
  std::string unique_node_name(std::string_view wanted);
  bool is_graph_output(ValueId id) const;
  bool is_graph_input(ValueId id) const;
  const Constant* constant_of(ValueId id) const;  // NULL: not a constant (kNone allowed)
  // Recomputes producer, users and order (topologically; keeps the present order where it can). An error names a cycle.
  Status rebuild();
  // "main/If_3.then_branch/Conv_7".
  std::string path_of(NodeId id) const;

 private:
  // Names in use, read lazily from values and nodes so that filling those vectors directly is fine, too.
  struct Names {
    std::vector<uint64_t> taken;  // hashes, an open-addressing table; two names of one hash cost a needless suffix
    size_t count = 0;             // of hashes in it
    std::unordered_map<std::string, uint32_t> next_suffix;
    size_t seen = 0;
  };
  static bool take_name(Names& names, std::string_view wanted);
  static std::string unique_name(Names& names, std::string_view wanted);
  size_t position_of(NodeId id);
  void drop_use(ValueId value, NodeId user);
  void detach(NodeId id);
  Status rebuild_uses();
  Status rebuild_order();
  Names value_names_, node_names_;
  std::vector<uint32_t> position_hint_;  // by node: where it stood in order when last looked up
};

// What became of a node of the model: one class for each [DESIGN: the report].
enum class Fate : uint8_t { runs, folded, removed, replaced, expanded };

// A node as the model had it, before any import rewrite or pass.
struct Origin {
  std::string path;
  std::string domain;
  std::string op;
  uint32_t opset = 0;  // of its domain in the model
  Fate fate = Fate::runs;
  std::string by;      // pass that removed or replaced it, provider that folded it, or what it was expanded by
  std::string detail;  // e.g. the raised operator's name
};

struct Model {
  std::unique_ptr<Graph> graph;
  std::vector<ConstantPtr> constants;          // NULL: nobody needs it any longer
  std::map<ValueId, ConstantPtr> overridable;  // main graph inputs with a default (IR >= 4)
  std::vector<std::string> symbols{""};        // by SymbolId; fresh ones are named "?1", "?2", ...
  std::vector<Origin> origins;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::map<std::string, uint32_t> opsets;  // as imported, by domain
  int64_t ir_version = 0;
  std::string producer_name, producer_version, domain, doc_string, graph_doc_string, path;
  int64_t model_version = 0;

  SymbolId symbol(std::string_view symbol_name);  // finds or makes; identifiers only
  SymbolId fresh_symbol();
  ConstantId add_constant(ConstantPtr constant);

 private:
  void read_symbols();
  std::unordered_map<std::string, SymbolId> symbol_ids_;  // of symbols[0, symbols_seen_)
  size_t symbols_seen_ = 0;
};

// What a pass made a node of. Inputs of the model's graph stand for the node's inputs, by index; its nodes have the
// origins that they had.
struct RaisedFrom {
  std::string pass;
  Model model;
};

// Calls fn(Graph&) for the graph and, depth first, every body in it.
template <typename Fn>
void for_each_graph(Graph& graph, const Fn& fn) {
  fn(graph);
  for (NodeId id : graph.order) {
    for (auto& body : graph.nodes[id].bodies) {
      for_each_graph(*body.second, fn);
    }
  }
}

}  // namespace tenon
