// SPDX-License-Identifier: Apache-2.0
// Rewrites that raise a node's old form to opset 28's. One operator (or family) a file, one line in rules.def.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"

namespace tenon::forms {

// A node on its way up. `node` has the form `form`, complete attributes (defaults of its own version) and inputs with
// types as far as they are known; its outputs exist and have no type. A rule turns it into a node of opset 28's form,
// with the same outputs, that means exactly the same, or refuses.
class Raise {
 public:
  Node node;
  uint32_t form = 0;   // of forms.def
  uint32_t opset = 0;  // of the model, for messages

  Raise(Graph* graph, Node raised) : node(std::move(raised)), graph_(graph) {}
  virtual ~Raise() = default;
  Raise(const Raise&) = delete;
  Raise& operator=(const Raise&) = delete;

  // Adds a node of opset 28 before this one; returns its only output.
  Result<ValueId> emit(std::string op, std::vector<ValueId> inputs, std::vector<Attribute> attributes = {});
  ValueId constant(std::string_view name, ConstantPtr value);
  ValueId int64s(std::string_view name, const std::vector<int64_t>& values);  // of rank 1
  // A scalar of `value` rounded to `dtype` (a float type: FLOAT32, FLOAT64, FLOAT16, BFLOAT16); kNone for others.
  ValueId scalar(std::string_view name, Dtype dtype, double value);

  // NULL type: of rank or dtype nothing is known.
  const Type& type(size_t input) const;
  bool has_input(size_t input) const { return input < node.inputs.size() && node.inputs[input] != kNone; }
  bool has_output(size_t output) const { return output < node.outputs.size() && node.outputs[output] != kNone; }
  // Is the output there and read by anything? Looks at every node around: for rare cases.
  virtual bool output_read(size_t output) const = 0;
  // -1: not known.
  int64_t rank(size_t input) const;
  // The value of an integer constant; false when the input is none.
  bool integers(size_t input, std::vector<int64_t>* out) const;
  // The value of a FLOAT32 constant of at most 64 elements; false when the input is none.
  bool floats(size_t input, std::vector<float>* out) const;

  // TENON_UNSUPPORTED: "has form 6 of opset 6: <why>".
  Status refuse(std::string why) const;

 protected:
  // Completes, checks and infers `added`, and puts it into the graph.
  virtual Status add(Node added) = 0;
  Graph* graph_;
};

using Rule = Status (*)(Raise&);

// NULL: there is none.
Rule find_rule(std::string_view domain, std::string_view op);

Attribute make_int(std::string name, int64_t value);
Attribute make_ints(std::string name, std::vector<int64_t> value);

}  // namespace tenon::forms
