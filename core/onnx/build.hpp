// SPDX-License-Identifier: Apache-2.0
// Builds the IR from wire messages: names to values, functions inlined, forms raised, types inferred. Internal.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/name_table.hpp"
#include "core/onnx/facts.hpp"
#include "core/onnx/import.hpp"
#include "core/onnx/schema.hpp"
#include "core/onnx/tensors.hpp"
#include "core/onnx/wire/messages.hpp"

namespace tenon::onnx_import {

using Opsets = std::map<std::string, uint32_t, std::less<>>;
using Bindings = std::map<std::string, Attribute, std::less<>>;  // attributes of a function's caller

// The functions of a model, by domain, name and overload.
class Functions {
 public:
  // TENON_INVALID_MODEL for duplicates. Borrows the list.
  Status add(const std::vector<wire::Function>& list);
  // NULL: there is none.
  const wire::Function* find(const wire::Node& node) const;
  const Opsets& opsets(const wire::Function& function) const { return opsets_.at(&function); }
  // Nodes of a graph when everything is inlined, or why that can't be: TENON_INVALID_MODEL for a function that reaches
  // itself, TENON_LIMIT for too many nodes or calls in calls.
  Result<uint64_t> count(const wire::Graph& graph, const ImportLimits& limits);

 private:
  Status count_nodes(const std::vector<wire::Node>& nodes, const ImportLimits& limits, uint32_t depth, uint64_t* total);
  Status count_function(const wire::Function& function, const ImportLimits& limits, uint32_t depth, uint64_t* total);
  std::map<std::string, const wire::Function*, std::less<>> by_name_;
  std::unordered_map<const wire::Function*, Opsets> opsets_;
  std::unordered_map<const wire::Function*, uint64_t> counts_;
  std::vector<const wire::Function*> open_;
};

// "ai.onnx" for "".
std::string_view domain_of(std::string_view domain);
// Versions by domain. TENON_VERSION for one that is newer than libonnx, or not positive.
Status read_opsets(const std::vector<wire::OperatorSetId>& list, Opsets* out);

// What one list of nodes sees.
struct Scope {
  Graph* graph = nullptr;
  Scope* parent = nullptr;  // of the graph around; NULL for the main graph and for functions
  const Opsets* opsets = nullptr;
  const Bindings* bindings = nullptr;  // inside of functions
  std::string place;                   // "main/If_3.then_branch": path of the graph
  std::string prefix;                  // before the names of a function's nodes and values: "Call_2/"
  uint32_t depth = 0;                  // graphs and functions around
  bool tentative = false;              // in a branch of an If
  NameTable names;                     // to ValueId
  std::unordered_map<std::string_view, const wire::Type*> declared;  // value_info and outputs
  std::unordered_map<std::string_view, ValueId> bound_outputs;       // of a function: its caller's values
  const std::vector<wire::Node>* nodes = nullptr;                    // the list itself
  std::vector<std::string_view> results;                             // names of the graph's or function's outputs
};

// The order in which a list of nodes can be built: as it stands where that is one. TENON_INVALID_MODEL names a cycle,
// a name that two nodes make, and one that both a node and `taken` (inputs, initializers) make.
Result<std::vector<uint32_t>> order_nodes(const std::vector<wire::Node>& nodes, const Scope& scope);
// Does a node of the scope (or a body in one) read this name, or is it an output? Looks at all of them.
bool is_read(std::string_view name, const Scope& scope);

class Builder {
 public:
  Builder(Model* model, const Opsets& opsets, TensorReader* tensors, Functions* functions, const ImportOptions& options,
          uint64_t deadline_ns);

  Status build_main(const wire::Graph& graph, int64_t ir_version);
  // The body of a schema's function, into `graph`: the values of `inputs` and `outputs` (kNone: absent) exist in it.
  // Every node gets the origins of `caller`.
  Status build_function(const wire::Function& function, const Bindings& bindings, const std::vector<ValueId>& inputs,
                        const std::vector<ValueId>& outputs, const Node& caller, Graph* graph);

 private:
  struct Call;  // one node on its way in
  class Raising;

  Status add_initializers(const wire::Graph& graph, Scope* scope);
  Status add_default(const wire::Tensor& tensor, Scope* scope);
  Status add_inputs(const wire::Graph& graph, const std::vector<Type>* seeds, int64_t ir_version, Scope* scope);
  Status add_outputs(const wire::Graph& graph, Scope* scope);
  void declare(const std::vector<wire::ValueInfo>& list, Scope* scope);

  Status build_nodes(const std::vector<wire::Node>& nodes, Scope* scope);
  Status build_node(const wire::Node& wire, size_t index, Scope* scope);
  Status build_operator(Call* call);
  Status build_call(Call* call, const wire::Function& function);
  // `inner` has graph, opsets, bindings, place, prefix and depth.
  Status inline_function(const wire::Function& function, const std::vector<ValueId>& inputs,
                         const std::vector<ValueId>& outputs, Scope* inner);
  Status build_bodies(Call* call);
  Status build_body(const wire::Attribute& attribute, Call* call);
  Status finish_body(const wire::Graph& wire, const std::vector<Type>& seeds, Scope* inner);
  // Constant and ConstantOfShape of a constant: true when the node became a constant.
  Result<bool> make_constant(const onnx_facts::Operator& op, Call* call);
  Status add_raised(const onnx_facts::Operator& op, Call* call);
  // Infers the types of a node of opset 28 and puts it into the graph.
  Status add_node(const onnx_facts::Operator& op, Node node, const Scope& scope);
  // Compares an inferred type with the one that the model declares for `name`, if any.
  Status check_declared(ValueId id, std::string_view name, const Scope& scope);

  Result<ValueId> find_value(std::string_view name, Scope* scope);
  Status read_attributes(Call* call);
  Status read_attribute(const wire::Attribute& wire, const Scope& scope, Attribute* out, bool* absent);
  const onnx_facts::Operator* find_operator(std::string_view domain, std::string_view op, uint32_t opset);
  Status tick();

  // TENON_UNSUPPORTED for opaque types. Dims without a name become new symbols when `fresh`, unknown ones otherwise.
  Result<Type> read_type(const wire::Type& wire, bool fresh);

  Model* model_;
  const Opsets& opsets_;  // of the model
  TensorReader* tensors_;
  Functions* functions_;
  const ImportOptions& options_;
  const uint64_t deadline_ns_;
  uint64_t nodes_ = 0;
  const std::vector<OriginId>* inherited_ = nullptr;  // of every node, in build_function
  std::unordered_map<const Graph*, std::unordered_map<ValueId, ValueId>> captures_;
  std::unordered_map<std::string, const onnx_facts::Operator*> operators_;
  std::string operator_key_;  // of the last look-up: kept for its room
  std::vector<std::unique_ptr<onnx_facts::Operator>> custom_;
};

}  // namespace tenon::onnx_import
