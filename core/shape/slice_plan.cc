// SPDX-License-Identifier: Apache-2.0
#include "core/shape/slice_plan.hpp"

#include <algorithm>

#include "core/shape/deciding.hpp"
#include "core/shape/slice_op.hpp"

namespace tenon {
namespace {

// What decides no shapes joins the slice only when it is this small.
constexpr uint64_t kFewElements = 64;
// Integer inputs of the graph that may reach shapes through arithmetic: more is data, not a shape.
constexpr uint64_t kManyElements = 4096;

class Planner {
 public:
  explicit Planner(const Graph& graph)
      : graph_(graph), computable_(graph.values.size(), 0), deciding_(graph.values.size(), 0) {
    plan_.in_slice.assign(graph.nodes.size(), 0);
    plan_.wanted.assign(graph.values.size(), 0);
  }

  SlicePlan run() {
    find_computable();
    find_deciding();
    join_small();
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      const Value& value = graph_.values[id];
      const bool own = value.constant != kNone || (value.producer != kNone && plan_.in_slice[value.producer]);
      plan_.wanted[id] = deciding_[id] && !own;
    }
    return std::move(plan_);
  }

 private:
  bool small_input(ValueId id) const {
    const Type& type = graph_.values[id].type;
    if (!type.is_tensor() || !slice_dtype(type.dtype) || !type.shape) {
      return false;
    }
    const std::optional<uint64_t> count = element_count(type.shape);
    return slice_real(type.dtype) ? count.value_or(kFewElements) < 8
                                  : type.shape->size() <= 1 || count.value_or(UINT64_MAX) <= kManyElements;
  }

  // Forward: values whose contents could be computed.
  void find_computable() {
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      if (const Constant* constant = graph_.constant_of(id)) {
        computable_[id] = slice_dtype(constant->dtype) && constant->elements() <= kSliceElements;
      }
    }
    for (ValueId id : graph_.inputs) {
      computable_[id] = small_input(id);
    }
    for (const Capture& capture : graph_.captures) {
      computable_[capture.inner] = small_input(capture.inner);
    }
    for (NodeId id : graph_.order) {
      const Node& node = graph_.nodes[id];
      const SliceOperator* found = find_slice_operator(node);
      bool good = found != nullptr;
      for (size_t i = 0; good && found->reads_contents && i < node.inputs.size(); ++i) {
        good = node.inputs[i] == kNone || computable_[node.inputs[i]];
      }
      for (size_t i = 0; good && i < node.outputs.size(); ++i) {
        const ValueId output = node.outputs[i];
        good = output == kNone ||
               (graph_.values[output].type.is_tensor() && slice_dtype(graph_.values[output].type.dtype));
      }
      if (good) {
        for (ValueId output : node.outputs) {
          if (output != kNone) {
            computable_[output] = 1;
          }
        }
      }
    }
  }

  bool computable(const Node& node) const {
    return std::all_of(node.outputs.begin(), node.outputs.end(),
                       [this](ValueId id) { return id == kNone || computable_[id]; });
  }

  // Backward: contents that decide shapes, and the nodes that make them.
  void find_deciding() {
    for (auto it = graph_.order.rbegin(); it != graph_.order.rend(); ++it) {
      const Node& node = graph_.nodes[*it];
      const uint32_t mask = deciding_inputs(node);
      bool wanted = false;
      for (ValueId output : node.outputs) {
        wanted = wanted || (output != kNone && deciding_[output]);
      }
      const bool slice = wanted && computable(node);
      plan_.in_slice[*it] = slice;
      const bool reads = slice && find_slice_operator(node)->reads_contents;
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (node.inputs[i] != kNone && (reads || (!slice && decides(mask, i)))) {
          deciding_[node.inputs[i]] = 1;
        }
      }
      for (const auto& [name, body] : node.bodies) {
        const SlicePlan inner = plan_slice(*body);
        for (const Capture& capture : body->captures) {
          deciding_[capture.outer] |= inner.wanted[capture.inner];
        }
      }
    }
  }

  // Forward again: Shape, Size, and small integer arithmetic on slice values.
  void join_small() {
    const auto own = [this](ValueId id) {
      const Value& value = graph_.values[id];
      return value.constant != kNone || (value.producer != kNone && plan_.in_slice[value.producer]);
    };
    for (NodeId id : graph_.order) {
      const Node& node = graph_.nodes[id];
      if (plan_.in_slice[id] || !computable(node) || node.outputs.empty() || find_slice_operator(node) == nullptr) {
        continue;
      }
      bool from_slice = false, good = true;
      const bool reads = find_slice_operator(node)->reads_contents;
      for (ValueId input : node.inputs) {
        if (reads && input != kNone) {
          good = good && own(input);
          from_slice = from_slice || graph_.values[input].producer != kNone;
        }
      }
      for (ValueId output : node.outputs) {
        if (output != kNone) {
          const Type& type = graph_.values[output].type;
          good = good && !slice_real(type.dtype) && element_count(type.shape).value_or(UINT64_MAX) <= kFewElements;
        }
      }
      plan_.in_slice[id] = good && (from_slice || !reads);
    }
  }

  const Graph& graph_;
  std::vector<uint8_t> computable_, deciding_;  // by ValueId
  SlicePlan plan_;
};

}  // namespace

SlicePlan plan_slice(const Graph& graph) { return Planner(graph).run(); }

}  // namespace tenon
