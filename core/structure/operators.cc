// SPDX-License-Identifier: Apache-2.0
#include "core/structure/operators.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace tenon {
namespace {

template <size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view op) {
  return std::find(list.begin(), list.end(), op) != list.end();
}

bool of_tensors(const Graph& graph, const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
    const TypeKind kind = id == kNone ? TypeKind::none : graph.values[id].type.kind;
    return kind != TypeKind::sequence && kind != TypeKind::optional && kind != TypeKind::map;
  });
}

}  // namespace

bool is_view_op(const Node& node) {
  static constexpr std::array<std::string_view, 5> kOps = {"Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"};
  return node.domain == "ai.onnx" && among(kOps, node.op);
}

bool is_structure_op(const Graph& graph, const Node& node) {
  static constexpr std::array<std::string_view, 4> kRepeat = {"If", "Loop", "Scan", "SequenceMap"};
  static constexpr std::array<std::string_view, 11> kObjects = {
      "SequenceEmpty", "SequenceConstruct",  "SequenceAt",         "SequenceInsert",
      "SequenceErase", "SequenceLength",     "ConcatFromSequence", "SplitToSequence",
      "Optional",      "OptionalGetElement", "OptionalHasElement"};
  static constexpr std::array<std::string_view, 2> kMaps = {"DictVectorizer", "ZipMap"};
  if (node.domain == "ai.onnx.ml") {
    return among(kMaps, node.op);
  }
  return node.domain == "ai.onnx" &&
         (among(kRepeat, node.op) || among(kObjects, node.op) || (node.op == "Identity" && !of_tensors(graph, node)));
}

}  // namespace tenon
