// SPDX-License-Identifier: Apache-2.0
#include "core/sched/program.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "core/sched/lower.hpp"

namespace tenon {
namespace {

// A session whose query failed takes nothing; its words stand at every node.
QueryResult refuse_all(const Graph& graph, const Status& status) {
  QueryResult result;
  for (NodeId id : graph.order) {
    result.refusals.push_back({id, TENON_REFUSE_DEVICE, kNone, "its query failed: " + status.message()});
  }
  return result;
}

class Builder {
 public:
  Builder(const Graph& graph, const std::vector<std::shared_ptr<ProviderSession>>& sessions,
          const std::vector<bool>& last_resort, const ProgramOptions& options)
      : graph_(graph), sessions_(sessions), last_resort_(last_resort), options_(options) {}

  Result<std::unique_ptr<Program>> build() {
    program_ = std::make_unique<Program>();
    program_->graph = &graph_;
    program_->sessions = sessions_;
    program_->weights = options_.weights;
    TENON_ASSIGN_OR_RETURN(program_->shapes, ShapeProgram::build(graph_, options_.infer));
    TENON_ASSIGN_OR_RETURN(GraphView view, GraphView::whole(graph_));
    if (options_.answers != nullptr && options_.answers->contains(&graph_)) {
      program_->answers = std::move((*options_.answers)[&graph_]);
    } else {
      TENON_ASSIGN_OR_RETURN(program_->answers, query_sessions(view, sessions_, last_resort_));
    }
    TENON_RETURN_IF_ERROR(place_and_compile(view));
    for (NodeId id : graph_.order) {
      for (const auto& [name, body] : graph_.nodes[id].bodies) {
        TENON_ASSIGN_OR_RETURN(auto inner, build_program(*body, sessions_, last_resort_, options_));
        bodies_[body.get()] = static_cast<uint32_t>(program_->bodies.size());
        program_->bodies.push_back(std::move(inner));
      }
    }
    TENON_RETURN_IF_ERROR(lower(program_.get(), bodies_));
    for (Answer& answer : program_->answers) {
      answer.said.claims = {};
    }
    return std::move(program_);
  }

 private:
  Status place_and_compile(const GraphView& view) {
    PlacementOptions options;
    options.policy = options_.policy;
    options.fusion = options_.fusion;
    options.views = options_.views;
    options.in_slice = [this](NodeId id) { return program_->shapes->in_slice(id); };
    std::vector<std::vector<std::shared_ptr<CompiledRegion>>> done;  // by session, by claim
    for (const Answer& answer : program_->answers) {
      done.emplace_back(answer.said.claims.size());
    }
    while (true) {
      TENON_ASSIGN_OR_RETURN(program_->placement, place(graph_, program_->answers, options));
      const size_t declined = options.declined.size();
      const AgreedRules rules = agree_rules(graph_, program_->placement, program_->answers);
      program_->regions.clear();
      for (size_t i = 0; i < program_->placement.regions.size(); ++i) {
        const PlacedRegion& placed = program_->placement.regions[i];
        const Claim& claim = program_->answers[placed.provider].said.claims[placed.claim];
        std::shared_ptr<CompiledRegion>& region = done[placed.provider][placed.claim];
        if (region == nullptr || !same_rules(*region, rules[i])) {
          auto compiled = CompiledRegion::compile(sessions_[placed.provider], view, claim, rules[i], options_.task);
          if (!compiled.ok() && compiled.status().code() == TENON_DECLINED) {
            decline(placed, compiled.status(), &options);
            continue;
          }
          TENON_RETURN_IF_ERROR(compiled.status());
          region = std::move(compiled).value();
        }
        program_->regions.push_back(region);
      }
      if (options.declined.size() == declined) {
        return {};
      }
    }
  }

  // The claim is out; its nodes get the provider's words as a refusal.
  void decline(const PlacedRegion& placed, const Status& status, PlacementOptions* options) {
    options->declined.insert({placed.provider, placed.claim});
    for (NodeId id : placed.nodes) {
      program_->answers[placed.provider].said.refusals.push_back(
          {id, TENON_REFUSE_DEVICE, kNone, "its compile took the claim back: " + status.message()});
    }
  }

  static bool same_rules(const CompiledRegion& region, const std::vector<ValueRule>& rules) {
    const size_t inputs = region.input_rules().size();
    for (size_t i = 0; i < rules.size(); ++i) {
      const ValueRule& old = i < inputs ? region.input_rules()[i] : region.output_rules()[i - inputs];
      if (old.memory_mask != rules[i].memory_mask) {
        return false;
      }
    }
    return true;
  }

  const Graph& graph_;
  const std::vector<std::shared_ptr<ProviderSession>>& sessions_;
  const std::vector<bool>& last_resort_;
  const ProgramOptions& options_;
  std::unique_ptr<Program> program_;
  std::map<const Graph*, uint32_t> bodies_;
};

}  // namespace

uint32_t copy_session(const Program& program, const Instruction& instruction) {
  const uint32_t from = program.slots[instruction.inputs[0]].place.session;
  return from != kNone ? from : program.slots[instruction.outputs[0]].place.session;
}

bool Place::same_as(const Place& other) const {
  if (memory_kind != other.memory_kind || layout.kind != other.layout.kind) {
    return false;
  }
  if (layout.kind == TENON_LAYOUT_BLOCKED && (layout.axis != other.layout.axis || layout.block != other.layout.block)) {
    return false;
  }
  if (layout.kind == TENON_LAYOUT_OPAQUE && (layout.id != other.layout.id || session != other.session)) {
    return false;
  }
  return memory_kind == 0 || session == other.session;
}

Result<std::vector<Answer>> query_sessions(const GraphView& view,
                                           const std::vector<std::shared_ptr<ProviderSession>>& sessions,
                                           const std::vector<bool>& last_resort) {
  std::vector<Answer> answers;
  for (size_t i = 0; i < sessions.size(); ++i) {
    Answer answer{sessions[i]->provider().id(), last_resort[i], {}};
    auto said = query_provider(*sessions[i], view);
    answer.said = said.ok() ? std::move(said).value() : refuse_all(view.graph(), said.status());
    answers.push_back(std::move(answer));
  }
  return answers;
}

Result<std::unique_ptr<Program>> build_program(const Graph& graph,
                                               const std::vector<std::shared_ptr<ProviderSession>>& sessions,
                                               const std::vector<bool>& last_resort, const ProgramOptions& options) {
  return Builder(graph, sessions, last_resort, options).build();
}

}  // namespace tenon
