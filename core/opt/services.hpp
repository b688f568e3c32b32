// SPDX-License-Identifier: Apache-2.0
// What passes ask of the rest of core. Core holds no numerics: constants are computed by a provider, through a Folder.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"
#include "core/onnx/facts.hpp"

namespace tenon {

struct Folded {
  std::vector<ConstantPtr> outputs;  // one for each of node.outputs; NULL where absent
  std::string provider;              // id of who computed it, for the report
};

// Computes one node on constants. Used by one thread at a time.
class Folder {
 public:
  virtual ~Folder() = default;
  // `inputs`: one for each of node.inputs, NULL where absent; dense or splat, at any address. `types`: of the outputs,
  // dtypes known, dims perhaps not. UNSUPPORTED when no opened provider with the role "fold" takes the node, LIMIT when
  // an output would pass `max_bytes`; both only mean that the node is not folded. Other errors are the operator's own
  // (a division by zero, an index out of range) and mean the same: the node stays and fails when it runs.
  virtual Result<Folded> fold(const Graph& graph, const Node& node, std::span<const ConstantPtr> inputs,
                              std::span<const Type> types, uint64_t max_bytes) = 0;
};

struct PassServices {
  Folder* folder = nullptr;                          // borrowed; NULL: nothing that needs arithmetic is folded
  const onnx_facts::CustomLookup* custom = nullptr;  // borrowed; operators of providers; may be NULL
};

}  // namespace tenon
