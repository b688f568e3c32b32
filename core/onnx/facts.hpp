// SPDX-License-Identifier: Apache-2.0
// Facts about operators, from libonnx's schemas and from providers' custom schemas: what exists, which attributes and
// defaults it has, what types its outputs get, what it is made of. One node at a time; thread-safe; keeps no state
// except a table of schemas that is made on first use.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"

namespace tenon::onnx_facts {

inline constexpr uint32_t kOpset = 28;         // of ai.onnx: the opset whose forms the IR has
inline constexpr uint32_t kMlOpset = 5;        // of ai.onnx.ml
inline constexpr uint32_t kTrainingOpset = 1;  // of ai.onnx.preview.training

// What is known of one input of a node. All pointers are borrowed for the call.
struct InferInput {
  const Type* type = nullptr;       // NULL: absent optional input, or its type is not known
  const Constant* value = nullptr;  // NULL: not a constant
  // What is known of an INT64 tensor of rank 0 or 1: one Dim an element. NULL: nothing. `value` wins over it.
  const std::vector<Dim>* shape_value = nullptr;
};

// Types of a body's outputs for the types of its inputs (in the body's order). Called by `infer` for If, Loop, Scan and
// SequenceMap.
using InferBody = std::function<Result<std::vector<Type>>(const Graph& body, std::span<const Type> inputs)>;

// An operator that a provider brought [R15]. `op`'s form is since_version.
struct CustomOperator {
  struct Parameter {
    Attribute value;        // name, type and default
    bool required = false;  // no default
  };
  std::string domain, op, provider;
  uint32_t since_version = 1;
  uint32_t min_inputs = 0, max_inputs = UINT32_MAX;
  uint32_t min_outputs = 1, max_outputs = 1;
  std::vector<Parameter> attributes;
  // Must be safe to call from any thread. As `infer` below.
  std::function<Status(const Node& node, std::span<const InferInput> inputs, std::vector<Type>* out)> infer;
};
// The operator with the largest since_version <= opset, or NULL. The result lives as long as the environment.
using CustomLookup = std::function<const CustomOperator*(std::string_view domain, std::string_view op, uint32_t opset)>;

struct InferContext {
  InferBody body;                        // empty: operators with bodies get no types
  const CustomLookup* custom = nullptr;  // borrowed
  const Graph* graph = nullptr;          // that holds the node, for its path in errors; may be NULL
  std::string_view place;                // without a graph: the path before the node's name, "main"
  // The node may never run: it stands in a branch of an If (found out when `graph` is given). Dims that contradict each
  // other are then no error, its outputs have no shape.
  bool tentative = false;
};

// Types of a node's outputs: out->size() == node.outputs.size(), Type{} where nothing is known or the output is absent.
// `inputs` has one entry for each of node.inputs. When a present input has no type, no output gets one. An output dim
// is known, or has the symbol of the input dim it equals, or neither. Errors: TENON_INVALID_MODEL with node, and the
// words of the schema's own check, when types or shapes contradict the operator's definition; TENON_UNSUPPORTED for an
// unknown operator.
Status infer(const Node& node, std::span<const InferInput> inputs, const InferContext& context, std::vector<Type>* out);

// Is there an operator of this name in opset 28 (any form)? "" is not accepted for "ai.onnx".
bool known(std::string_view domain, std::string_view op);
// The form that opset 28 (ai.onnx.ml 5) has; 0 when unknown.
uint32_t current_form(std::string_view domain, std::string_view op);
// Does the operator's output differ between equal runs (RandomNormal, Bernoulli, Dropout in training mode, ...)? Looks
// at the node's inputs through `graph` (Dropout's training_mode, when constant).
bool nondeterministic(const Graph& graph, const Node& node);

// Has the operator a function body for these attributes and input types?
bool has_function(const Graph& graph, NodeId id);
// The operator's function body as a graph of its own. Its inputs are the node's present inputs that are no constants
// (one each, in order, however often one value stands there); constants are constants of the body too. Its outputs are
// the node's present outputs. Nodes have the forms of opset 28 and the origins of the node; types are inferred.
// graph->model is `graph`'s model (which gets the body's constants), graph->parent NULL. TENON_UNSUPPORTED when there
// is no body.
Result<std::unique_ptr<Graph>> function_body(const Graph& graph, NodeId id);
// Puts a function_body of the node in its place; the node is erased.
Status inline_body(Graph* graph, NodeId id, std::unique_ptr<Graph> body);

// Is an input of the operator variadic, and how many inputs and outputs may it have? false when unknown.
struct Arity {
  uint32_t min_inputs = 0, max_inputs = 0, min_outputs = 0, max_outputs = 0;
};
bool arity(std::string_view domain, std::string_view op, Arity* out);

// Fills in defaults of opset 28's schema that the node lacks (attributes without a default stay absent) and checks
// attributes, inputs and outputs against it. For nodes made by passes; import has done so.
Status complete(Node* node, const CustomLookup* custom = nullptr);

}  // namespace tenon::onnx_facts
