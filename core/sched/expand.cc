// SPDX-License-Identifier: Apache-2.0
#include "core/sched/expand.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "core/base/check_task.hpp"
#include "core/onnx/facts.hpp"
#include "core/opt/raising.hpp"
#include "core/shape/shape_program.hpp"
#include "core/structure/operators.hpp"

namespace tenon {
namespace {

constexpr size_t kMostParts = 512;
constexpr uint32_t kDeepest = 4;

// Who must take the parts.
enum class Takers : uint8_t { preferred, any };
// Who claims a node as it is.
enum class Claimed : uint8_t { by_none, by_last_resort, by_preferred };

std::vector<Answer> of(Takers takers, std::vector<Answer> answers) {
  if (takers == Takers::preferred) {
    std::erase_if(answers, [](const Answer& answer) { return answer.last_resort; });
  }
  return answers;
}

class Expander {
 public:
  Expander(Model* model, const AskAll& ask, const ExpandOptions& options)
      : model_(*model), ask_(ask), options_(options) {
    for_each_graph(*model_.graph, [&](Graph& graph) { nodes_ += graph.order.size(); });
  }

  Result<Expanded> run() {
    TENON_RETURN_IF_ERROR(expand(model_.graph.get()));
    if (changed_) {
      result_.answers.clear();
      result_.changed = true;
      TENON_RETURN_IF_ERROR(infer_model(&model_, options_.infer));
    }
    return std::move(result_);
  }

 private:
  struct Candidate {
    NodeId node;
    Claimed claimed;
  };

  Status expand(Graph* graph) {
    TENON_ASSIGN_OR_RETURN(std::vector<Answer> answers, ask_(*graph));
    TENON_ASSIGN_OR_RETURN(const std::vector<Candidate> left, candidates(*graph, answers));
    for (const Candidate& each : left) {
      TENON_RETURN_IF_ERROR(check_task(options_.task, "nodes were offered as their parts"));
      TENON_ASSIGN_OR_RETURN(std::unique_ptr<Graph> parts, offer(*graph, each.node, Takers::preferred, 0));
      if (parts == nullptr && each.claimed == Claimed::by_none) {
        TENON_ASSIGN_OR_RETURN(parts, offer(*graph, each.node, Takers::any, 0));
      }
      if (parts != nullptr && nodes_ + parts->order.size() <= options_.max_nodes) {
        nodes_ += parts->order.size();
        report(*graph, each, answers);
        TENON_RETURN_IF_ERROR(put_in_place(graph, each.node, std::move(parts)));
        changed_ = true;
      }
    }
    if (!changed_) {
      result_.answers[graph] = std::move(answers);
    }
    const std::vector<NodeId> order = graph->order;
    for (NodeId id : order) {
      for (size_t i = 0; i < graph->nodes[id].bodies.size(); ++i) {
        TENON_RETURN_IF_ERROR(expand(graph->nodes[id].bodies[i].second.get()));
      }
    }
    return {};
  }

  // Nodes that no preferred provider claims and core does not run itself, in graph order.
  Result<std::vector<Candidate>> candidates(const Graph& graph, const std::vector<Answer>& answers) const {
    const bool preferred =
        std::any_of(answers.begin(), answers.end(), [](const Answer& answer) { return !answer.last_resort; });
    std::vector<Claimed> claimed(graph.nodes.size(), Claimed::by_none);
    for (const Answer& answer : answers) {
      const Claimed by = answer.last_resort ? Claimed::by_last_resort : Claimed::by_preferred;
      for (const Claim& claim : answer.said.claims) {
        for (NodeId id : claim.nodes) {
          claimed[id] = options_.fusion || claim.nodes.size() == 1 ? std::max(claimed[id], by) : claimed[id];
        }
      }
    }
    std::vector<Candidate> found;
    for (NodeId id : graph.order) {
      const Node& node = graph.nodes[id];
      const bool of_core = is_structure_op(graph, node) || (options_.views && is_view_op(node));
      const bool wanted = claimed[id] == Claimed::by_none || (claimed[id] == Claimed::by_last_resort && preferred);
      if (wanted && !of_core && (node.raised_from != nullptr || onnx_facts::has_function(graph, id))) {
        found.push_back({id, claimed[id]});
      }
    }
    if (!found.empty()) {
      TENON_ASSIGN_OR_RETURN(const auto shapes, ShapeProgram::build(graph, options_.infer));
      std::erase_if(found, [&](const Candidate& each) { return shapes->in_slice(each.node); });
    }
    return found;
  }

  // A graph that stands for the node and that the takers claim whole; NULL: there is none.
  Result<std::unique_ptr<Graph>> offer(const Graph& graph, NodeId id, Takers takers, uint32_t depth) {
    const size_t constants = model_.constants.size();
    TENON_ASSIGN_OR_RETURN(std::unique_ptr<Graph> parts, raised_body(graph, id, options_.infer.custom));
    if (parts == nullptr) {
      auto body = onnx_facts::function_body(graph, id);
      if (body.ok()) {
        parts = std::move(body).value();
      } else if (body.status().code() == TENON_OUT_OF_MEMORY) {
        return body.status();
      }
    }
    bool taken = false;
    if (parts != nullptr && parts->order.size() <= kMostParts) {
      TENON_ASSIGN_OR_RETURN(taken, taken_whole(parts.get(), takers, depth));
    }
    if (!taken) {
      parts = nullptr;
      // What the parts alone had. The ids stay taken: providers have seen them.
      std::fill(model_.constants.begin() + static_cast<ptrdiff_t>(constants), model_.constants.end(), nullptr);
    }
    return parts;
  }

  // Whether the takers claim every node of the parts that is not core's; parts of parts are put in place where they
  // don't.
  Result<bool> taken_whole(Graph* parts, Takers takers, uint32_t depth) {
    TENON_ASSIGN_OR_RETURN(std::vector<NodeId> left, unclaimed(*parts, takers));
    if (!left.empty() && depth == kDeepest) {
      return false;
    }
    for (NodeId id : left) {
      TENON_ASSIGN_OR_RETURN(std::unique_ptr<Graph> inner, offer(*parts, id, takers, depth + 1));
      if (inner == nullptr || parts->order.size() + inner->order.size() > kMostParts) {
        return false;
      }
      TENON_RETURN_IF_ERROR(onnx_facts::inline_body(parts, id, std::move(inner)));
    }
    if (!left.empty()) {
      TENON_ASSIGN_OR_RETURN(left, unclaimed(*parts, takers));
    }
    bool whole = left.empty();
    for (NodeId id : std::vector<NodeId>(parts->order)) {
      for (size_t i = 0; whole && i < parts->nodes[id].bodies.size(); ++i) {
        TENON_ASSIGN_OR_RETURN(whole, taken_whole(parts->nodes[id].bodies[i].second.get(), takers, depth));
      }
    }
    return whole;
  }

  Result<std::vector<NodeId>> unclaimed(const Graph& graph, Takers takers) const {
    TENON_ASSIGN_OR_RETURN(std::vector<Answer> answers, ask_(graph));
    TENON_ASSIGN_OR_RETURN(const auto shapes, ShapeProgram::build(graph, options_.infer));
    PlacementOptions options;
    options.fusion = options_.fusion;
    options.views = options_.views;
    options.partial = true;
    options.in_slice = [&](NodeId id) { return shapes->in_slice(id); };
    answers = of(takers, std::move(answers));
    TENON_ASSIGN_OR_RETURN(const Placement placement, place(graph, answers, options));
    std::vector<NodeId> left;
    for (NodeId id : graph.order) {
      if (placement.classes[id] == NodeClass::none) {
        left.push_back(id);
      }
    }
    return left;
  }

  // What becomes of the node's origins.
  void report(const Graph& graph, const Candidate& each, const std::vector<Answer>& answers) {
    const Node& node = graph.nodes[each.node];
    const std::string title = node.domain + "." + node.op;
    const std::string why = each.claimed == Claimed::by_none ? " is claimed by no provider"
                                                             : " is claimed by providers of last resort only";
    if (node.raised_from != nullptr) {
      for (NodeId part : node.raised_from->model.graph->order) {
        for (OriginId id : node.raised_from->model.graph->nodes[part].origins) {
          Origin& origin = model_.origins[id];
          if (origin.fate == Fate::replaced && origin.by == node.raised_from->pass) {
            origin.fate = Fate::runs;
            origin.by.clear();
            origin.detail = title + ", which pass " + node.raised_from->pass + " made of it," + why;
          }
        }
      }
      return;
    }
    Expansion expansion{node.origins, {}};
    for (const Answer& answer : answers) {
      for (const Refusal& refusal : answer.said.refusals) {
        if (refusal.node == each.node) {
          expansion.others.push_back({answer.provider, refusal});
        }
      }
    }
    for (OriginId id : node.origins) {
      model_.origins[id].fate = Fate::expanded;
      model_.origins[id].by = "its function body";
      model_.origins[id].detail = title + why;
    }
    result_.nodes.push_back(std::move(expansion));
  }

  // Values keep the types that are known of them.
  Status put_in_place(Graph* graph, NodeId id, std::unique_ptr<Graph> parts) const {
    size_t next = 0;
    for (ValueId value : graph->nodes[id].outputs) {
      if (value == kNone) {
        continue;
      }
      Type& type = parts->values[parts->outputs[next++]].type;
      if (graph->values[value].type.known() && graph->values[value].type.shape) {
        type = graph->values[value].type;
      }
    }
    return onnx_facts::inline_body(graph, id, std::move(parts));
  }

  Model& model_;
  const AskAll& ask_;
  const ExpandOptions& options_;
  uint64_t nodes_ = 0;  // of the model
  bool changed_ = false;
  Expanded result_;
};

}  // namespace

Result<Expanded> expand_nodes(Model* model, const AskAll& ask, const ExpandOptions& options) {
  return Expander(model, ask, options).run();
}

}  // namespace tenon
