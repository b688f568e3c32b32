// SPDX-License-Identifier: Apache-2.0
#include "core/opt/expand_for_opset.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "core/onnx/lowering/lowering.hpp"
#include "core/opt/raising.hpp"
#include "core/shape/infer.hpp"

namespace tenon {
namespace {

constexpr uint32_t kDeepest = 8;  // parts of parts

class Expander {
 public:
  Expander(Model* model, uint32_t opset, const onnx_facts::CustomLookup* custom,
           std::map<std::string, uint64_t>* expanded)
      : targets_(lowering::make_targets(*model, opset)), custom_(custom), expanded_(*expanded) {}

  Status expand(Graph* graph) {
    const std::vector<NodeId> order = graph->order;
    for (const NodeId id : order) {
      TENON_RETURN_IF_ERROR(expand_node(graph, id, 0));
    }
    return {};
  }

 private:
  Status expand_node(Graph* graph, NodeId id, uint32_t depth) {
    for (size_t i = 0; i < graph->nodes[id].bodies.size(); ++i) {
      TENON_RETURN_IF_ERROR(expand(graph->nodes[id].bodies[i].second.get()));
    }
    const Status able = lowering::can_lower(graph, graph->nodes[id], targets_);
    if (able.ok() || able.code() != TENON_UNSUPPORTED || depth == kDeepest) {
      return able.code() == TENON_UNSUPPORTED ? Status() : able;
    }
    TENON_ASSIGN_OR_RETURN(std::unique_ptr<Graph> parts, raised_body(*graph, id, custom_));
    if (parts == nullptr) {
      auto body = onnx_facts::function_body(*graph, id);
      if (!body.ok()) {
        return body.status().code() == TENON_UNSUPPORTED ? Status() : body.status();
      }
      parts = std::move(body).value();
    }
    ++expanded_[graph->nodes[id].op];
    const size_t before = graph->nodes.size();
    TENON_RETURN_IF_ERROR(onnx_facts::inline_body(graph, id, std::move(parts)));
    const size_t after = graph->nodes.size();
    for (size_t part = before; part < after; ++part) {
      TENON_RETURN_IF_ERROR(expand_node(graph, static_cast<NodeId>(part), depth + 1));
    }
    return {};
  }

  const lowering::Targets targets_;
  const onnx_facts::CustomLookup* custom_;
  std::map<std::string, uint64_t>& expanded_;
};

}  // namespace

Status expand_for_opset(Model* model, uint32_t opset, const onnx_facts::CustomLookup* custom,
                        std::map<std::string, uint64_t>* expanded) {
  const size_t before = expanded->size();
  TENON_RETURN_IF_ERROR(Expander(model, opset, custom, expanded).expand(model->graph.get()));
  return expanded->size() == before ? Status() : infer_model(model, {custom});
}

}  // namespace tenon
