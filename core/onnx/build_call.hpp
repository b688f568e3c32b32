// SPDX-License-Identifier: Apache-2.0
// One node on its way into the IR. Internal to the builder.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/onnx/build.hpp"

namespace tenon::onnx_import {

struct Builder::Call {
  Call(const wire::Node& read, Scope& around) : wire(read), scope(around) {}

  const wire::Node& wire;
  Scope& scope;
  Node node;          // names, inputs, outputs, attributes, origins; bodies when they are built
  std::string path;   // "main/Conv_7"
  std::string title;  // "ai.onnx.Conv"
  uint32_t opset = 0;
  std::vector<const wire::Attribute*> graphs;
  const wire::SparseTensor* sparse = nullptr;  // Constant's sparse_value

  // Puts the node's path and operator before an error that names no node yet.
  Status locate(Status status) const;
};

// The value of a ConstantOfShape; NULL when it stays a node.
Result<ConstantPtr> constant_of_shape(const Node& node, const Constant* shape);
// The value of a Constant's attributes, sparse_value aside; NULL when there is none or more than one.
ConstantPtr constant_of_values(const Node& node);

}  // namespace tenon::onnx_import
