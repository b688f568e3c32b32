// SPDX-License-Identifier: Apache-2.0
// Padding before convolution and pooling, where the padded value is what the operator's own padding means: 0 for Conv
// and for an AveragePool that counts padding, the lowest value for MaxPool. Rounding: a kernel may leave padding out of
// its sums, which shows with infinite weights.
#include <algorithm>
#include <cmath>

#include "core/opt/pass.hpp"

namespace tenon {
namespace {

struct Padding {
  std::vector<int64_t> begin, end;  // of every axis
  double value = 0;
};

std::optional<Padding> constant_padding(const Graph& graph, const Node& node) {
  const Shape& shape = graph.values[node.inputs[0]].type.shape;
  if (node.string_or("mode", "constant") != "constant" || node.inputs.size() < 2 || !shape) {
    return std::nullopt;
  }
  const auto rank = static_cast<int64_t>(shape->size());
  const auto pads = constant_integers(graph, node.inputs[1]);
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < rank; ++axis) {
    axes.push_back(axis);
  }
  if (node.inputs.size() > 3 && node.inputs[3] != kNone) {
    const auto given = constant_integers(graph, node.inputs[3]);
    if (!given) {
      return std::nullopt;
    }
    axes = *given;
  }
  Padding padding{std::vector<int64_t>(shape->size(), 0), std::vector<int64_t>(shape->size(), 0), 0};
  if (node.inputs.size() > 2 && node.inputs[2] != kNone) {
    const std::optional<double> value = scalar_value(graph, node.inputs[2]);
    if (!value) {
      return std::nullopt;
    }
    padding.value = *value;
  }
  if (!pads || pads->size() != axes.size() * 2) {
    return std::nullopt;
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    if (axis < 0 || axis >= rank || (*pads)[i] < 0 || (*pads)[i + axes.size()] < 0) {
      return std::nullopt;
    }
    padding.begin[static_cast<size_t>(axis)] = (*pads)[i];
    padding.end[static_cast<size_t>(axis)] = (*pads)[i + axes.size()];
  }
  const bool spatial_only = rank > 2 && padding.begin[0] + padding.end[0] + padding.begin[1] + padding.end[1] == 0;
  return spatial_only ? std::optional(padding) : std::nullopt;
}

// The window's extent along each axis must stay larger than its padding: a window of padding alone has no value.
bool below_window(const Node& node, const std::vector<int64_t>& pads) {
  const size_t spatial = pads.size() / 2;
  const std::vector<int64_t> kernel = node.ints_or("kernel_shape", {});
  const std::vector<int64_t> dilations = node.ints_or("dilations", std::vector<int64_t>(spatial, 1));
  if (kernel.size() != spatial || dilations.size() != spatial) {
    return false;
  }
  for (size_t i = 0; i < spatial; ++i) {
    const int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
    if (pads[i] >= extent || pads[i + spatial] >= extent) {
      return false;
    }
  }
  return true;
}

bool neutral_for(const Node& node, const Padding& padding, const std::vector<int64_t>& before,
                 const std::vector<int64_t>& after) {
  const bool zero = padding.value == 0 && !std::signbit(padding.value);
  if (node.op == "Conv") {
    return zero;
  }
  if (node.int_or("ceil_mode", 0) != 0 || !below_window(node, after)) {
    return false;
  }
  if (node.op == "MaxPool") {
    return std::isinf(padding.value) && padding.value < 0 && node.outputs.size() == 1;
  }
  // AveragePool: its own padding so far must count, or there must be none.
  const bool none = std::all_of(before.begin(), before.end(), [](int64_t pad) { return pad == 0; });
  return node.op == "AveragePool" && zero && (node.int_or("count_include_pad", 0) != 0 || none);
}

bool try_pad(PassContext& context, Graph& graph, NodeId id) {
  const Node& pad = graph.nodes[id];
  const NodeId user = sole_user(graph, pad.outputs[0]);
  if (user == kNone || graph.nodes[user].domain != "ai.onnx" || graph.nodes[user].inputs[0] != pad.outputs[0]) {
    return false;
  }
  Node& window = graph.nodes[user];
  if ((window.op != "Conv" && window.op != "MaxPool" && window.op != "AveragePool") ||
      window.string_or("auto_pad", "NOTSET") != "NOTSET") {
    return false;
  }
  const auto padding = constant_padding(graph, pad);
  if (!padding || !is_float(graph.values[pad.inputs[0]].type.dtype)) {
    return false;
  }
  const size_t spatial = padding->begin.size() - 2;
  const std::vector<int64_t> before = window.ints_or("pads", std::vector<int64_t>(spatial * 2, 0));
  if (before.size() != spatial * 2) {
    return false;
  }
  std::vector<int64_t> after = before;
  for (size_t i = 0; i < spatial; ++i) {
    if (__builtin_add_overflow(after[i], padding->begin[i + 2], &after[i]) ||
        __builtin_add_overflow(after[i + spatial], padding->end[i + 2], &after[i + spatial])) {
      return false;
    }
  }
  if (!neutral_for(window, *padding, before, after)) {
    return false;
  }
  window.set_ints("pads", after);
  if (window.op == "AveragePool") {
    window.set_int("count_include_pad", 1);
  }
  append_origins(&window.origins, pad);
  graph.set_input(user, 0, pad.inputs[0]);
  retire(context, graph, {id}, graph.path_of(user));
  ++context.changes;
  return true;
}

}  // namespace

Status pass_pad_into_window(PassContext& context) {
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    for (NodeId id : std::vector<NodeId>(graph.order)) {
      if (graph.nodes[id].live && graph.nodes[id].is("Pad")) {
        try_pad(context, graph, id);
      }
    }
  });
  return {};
}

}  // namespace tenon
