// SPDX-License-Identifier: Apache-2.0
#include "core/opt/pass.hpp"
#include "core/shape/slice_op.hpp"

namespace tenon {
namespace {

// Larger results are left to folding by a provider, or to a run.
constexpr uint64_t kMaxElements = 4096;

// Walks one graph with the contents of its small tensors.
class Walk {
 public:
  Walk(PassContext& context, Graph& graph, const Walk* outer, ElementBudget& budget)
      : context_(context), graph_(graph), budget_(budget), algebra_(nullptr), contents_(graph.values.size()) {
    for (const Capture& capture : graph.captures) {
      contents_[capture.inner] = outer->contents_[capture.outer];
    }
    for (ValueId id = 0; id < graph.values.size(); ++id) {
      if (const Constant* constant = graph.constant_of(id)) {
        const uint64_t count = constant->elements();
        contents_[id] = count <= kMaxElements && budget.take(count) ? slice_tensor(*constant) : nullptr;
      }
    }
  }

  void run() {
    std::vector<NodeId> replaced;
    for (NodeId id : std::vector<NodeId>(graph_.order)) {
      if (evaluate(id)) {
        replaced.push_back(id);
      }
      for (auto& [name, body] : graph_.nodes[id].bodies) {
        Walk(context_, *body, this, budget_).run();
      }
    }
    context_.changes += replaced.size();
    graph_.erase_nodes(replaced);
  }

 private:
  // True: the node is out of use.
  bool evaluate(NodeId id) {
    const Node& node = graph_.nodes[id];
    if (find_slice_operator(node) == nullptr) {
      return false;
    }
    std::vector<SliceInput> inputs(node.inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (const ValueId input = node.inputs[i]; input != kNone) {
        const Shape& shape = graph_.values[input].type.shape;
        inputs[i] = {true, shape ? &*shape : nullptr, contents_[input].get()};
      }
    }
    std::vector<SliceTensorPtr> out;
    if (!evaluate_slice(node, inputs, algebra_, &out).ok()) {
      return false;  // it fails when it runs, if it runs
    }
    bool all = true;
    for (size_t i = 0; i < out.size(); ++i) {
      const ValueId output = node.outputs[i];
      if (output == kNone) {
        continue;
      }
      const bool kept =
          out[i] != nullptr && out[i]->elements.size() <= kMaxElements && budget_.take(out[i]->elements.size());
      contents_[output] = kept ? out[i] : nullptr;
      all = all && kept && out[i]->all_known() && !slice_real(out[i]->dtype);
    }
    return all && replace(id, out);
  }

  bool replace(NodeId id, const std::vector<SliceTensorPtr>& out) {
    const std::vector<ValueId> outputs = graph_.nodes[id].outputs;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i] != kNone) {
        const ValueId constant = graph_.add_constant(graph_.values[outputs[i]].name, slice_constant(*out[i]));
        contents_.resize(graph_.values.size());
        contents_[constant] = out[i];
        take_over(graph_, outputs[i], constant);
      }
    }
    mark(context_, graph_.nodes[id], Fate::folded, "core", "shape slice");
    return true;
  }

  PassContext& context_;
  Graph& graph_;
  ElementBudget& budget_;
  Algebra algebra_;
  std::vector<SliceTensorPtr> contents_;  // by ValueId
};

}  // namespace

Status pass_shape_slice(PassContext& context) {
  ElementBudget budget;
  Walk(context, *context.model.graph, nullptr, budget).run();
  return {};
}

}  // namespace tenon
