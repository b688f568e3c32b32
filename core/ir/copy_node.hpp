// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/ir/graph.hpp"

namespace tenon {

// A node of the same operator, name and attributes for another graph: it has neither values, bodies nor origins.
inline Node copy_operator(const Node& node) {
  Node copy;
  copy.name = node.name;
  copy.domain = node.domain;
  copy.op = node.op;
  copy.form = node.form;
  copy.attributes = node.attributes;
  return copy;
}

}  // namespace tenon
