// SPDX-License-Identifier: Apache-2.0
// The way back from opset 28's forms to those of an older opset, for models that are written to a file: the reverse of
// core/onnx/forms. One operator (or family) a file, one line in rules.def.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"
#include "core/onnx/facts.hpp"
#include "core/onnx/schema.hpp"

namespace tenon::lowering {

// What a model is written for.
struct Targets {
  std::map<std::string, uint32_t, std::less<>> opsets;  // by domain; 0 or absent: as new as this build knows
  uint32_t own_opset = 0;                               // of ai.onnx, that the model was read with
  uint32_t opset_of(std::string_view domain) const;
};
// `opset` of ai.onnx, and of other domains what the model imports.
Targets make_targets(const Model& model, uint32_t opset);

// A node on its way down. `node` has opset 28's form with complete attributes, no bodies, and inputs and outputs with
// types as far as they are known. A rule turns it into a node of `form` with the same outputs that means exactly the
// same for every input that it was defined for, or refuses.
class Lower {
 public:
  Node node;
  uint32_t form = 0;   // wanted: of forms.def; 0: `opset` has no operator of this name
  uint32_t opset = 0;  // of its domain
  // Set by a rule that makes another operator of the node, in the form that `opset` has: nothing more is to be done.
  bool final = false;
  const Targets& targets;

  Lower(Graph* graph, Node lowered, const Targets& wanted, std::vector<Node>* before);
  Lower(const Lower&) = delete;
  Lower& operator=(const Lower&) = delete;

  // Adds a node of opset 28 (which is lowered, too) before this one; returns its only output, of type `type`.
  Result<ValueId> emit(std::string op, std::vector<ValueId> inputs, std::vector<Attribute> attributes, Type type);
  ValueId constant(std::string_view name, ConstantPtr value);

  bool has_input(size_t input) const { return input < node.inputs.size() && node.inputs[input] != kNone; }
  bool has_output(size_t output) const { return output < node.outputs.size() && node.outputs[output] != kNone; }
  const Type& type(size_t input) const;  // Type{}: absent or not known
  const Type& output_type(size_t output) const;
  // What makes an input: a node of ai.onnx called `op`, as it is now; else NULL.
  const Node* maker(ValueId value, std::string_view op) const;
  int64_t rank(size_t input) const;  // -1: not known
  // Contents of a constant input; false when it is none (or absent, or too large for what a rule asks).
  bool integers(size_t input, std::vector<int64_t>* out) const;
  bool floats(size_t input, std::vector<float>* out) const;  // FLOAT32
  // Of a constant with one element of a float type, as a number that float32 holds exactly.
  bool number(size_t input, float* out) const;
  // NULL: no constant.
  const Constant* constant_input(size_t input) const {
    return has_input(input) ? graph_->constant_of(node.inputs[input]) : nullptr;
  }
  // Drops inputs from the end until `count` are left; then absent ones at the end.
  void keep_inputs(size_t count);

  // TENON_UNSUPPORTED: the sentence.
  Status refuse(std::string why) const;

 private:
  Graph* graph_;
  std::vector<Node>* before_;
};

using Rule = Status (*)(Lower&);

// `node`, without its bodies, as nodes of the targets' opsets, in order; the last one has the node's outputs. May add
// values and constants to the graph. TENON_UNSUPPORTED with the reason, without the node's name. A node of an operator
// that this build has no schema for stays as it is.
Status lower_node(Graph* graph, const Node& node, const Targets& targets, std::vector<Node>* out);

// Whether lower_node would do it: OK or its reason. Leaves no trace but used-up ids.
Status can_lower(Graph* graph, const Node& node, const Targets& targets);

// Lowers every node of the model, bodies included. Afterwards the model is for writing only: its nodes have other forms
// than the IR allows, and users of values are not kept. TENON_UNSUPPORTED names the nodes that can't be lowered.
// `changed` (may be NULL) counts by operator the nodes that are no longer what they were.
Status lower_model(Model* model, const Targets& targets, std::map<std::string, uint64_t>* changed);

}  // namespace tenon::lowering
