// SPDX-License-Identifier: Apache-2.0
// Checks that a model keeps the invariants of core/ir/graph.hpp.
#pragma once

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"

namespace tenon {

// Success, or INTERNAL with the place (graph path, node, value) and the invariant that is broken: after import a broken
// invariant is a defect of Tenon. Linear in the model; reads no tensor contents.
Status verify(const Model& model);

// What later stages may not change: checks that `after` has the inputs and outputs (name, order, type kind and dtype)
// of `before`. A graph's interface is taken with interface_of before passes run.
struct Interface {
  struct Port {
    std::string name;
    TypeKind kind;
    Dtype dtype;
    bool operator==(const Port&) const = default;
  };
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};
Interface interface_of(const Graph& graph);
Status verify_interface(const Interface& before, const Graph& after);

}  // namespace tenon
