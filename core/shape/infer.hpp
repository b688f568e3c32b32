// SPDX-License-Identifier: Apache-2.0
// Types and shapes at load: what each value is before any run.
#pragma once

#include <cstdint>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"
#include "core/onnx/facts.hpp"

namespace tenon {

struct InferOptions {
  // Operators of providers; borrowed; may be NULL.
  const onnx_facts::CustomLookup* custom = nullptr;
};

// Sets Value::type and Value::shape_class of every live value of the model, bodies included, by walking each graph in
// order. Equal symbols mean equal sizes; a dim that nobody knows gets a fresh symbol. What a value has already
// (declared by the model, or found before) is merged with what is found. Contents of small integer tensors are followed
// through the operators that decide shapes, with symbols as elements, so that Reshape, Expand, Slice and others
// resolve. Values of unknown operators stay Type{}. May be called again after passes; types only get more precise.
// Errors: INVALID_MODEL with node and value, got and expected, when inference contradicts itself or a declared type.
Status infer_model(Model* model, const InferOptions& options = {});

// The same for the outputs of one node, from the types and constants of its inputs alone: for nodes that a pass makes.
Status infer_node(Graph* graph, NodeId id, const InferOptions& options = {});

}  // namespace tenon
