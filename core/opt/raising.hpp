// SPDX-License-Identifier: Apache-2.0
// Raising: one node in place of several that compute the same, and back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/opt/pass.hpp"

namespace tenon {

struct Raise {
  std::vector<NodeId> nodes;    // the parts, each with one output; one may stand twice
  ValueId output = kNone;       // of the parts: the only one that is used outside
  std::string op;               // of ai.onnx
  std::vector<ValueId> inputs;  // of the new node; with constants, all that the parts read
  std::vector<Attribute> attributes;
};

// Puts the node in place of its parts, which it remembers (Node::raised_from) and which are marked as replaced.
Status raise_node(PassContext& context, Graph& graph, Raise raise);

// What a node was raised from as a graph like those of onnx_facts::function_body: inputs are the node's inputs that are
// no constants. NULL: it was not raised, or its inputs are no longer those that its parts had.
Result<std::unique_ptr<Graph>> raised_body(const Graph& graph, NodeId id, const onnx_facts::CustomLookup* custom);

}  // namespace tenon
