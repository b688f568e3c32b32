// SPDX-License-Identifier: Apache-2.0
#include "core/sched/report.hpp"

#include <algorithm>
#include <cstdio>
#include <unordered_map>

namespace tenon {
namespace {

class Reporter {
 public:
  Reporter(const Model& model, const Program& program) : model_(model) {
    report_.nodes.resize(model.origins.size());
    runs_.resize(model.origins.size(), false);
    for (size_t i = 0; i < model.origins.size(); ++i) {
      report_.nodes[i].path = model.origins[i].path;
      report_.nodes[i].op = model.origins[i].domain + "." + model.origins[i].op;
    }
    walk(program);
  }

  PlacementReport finish(const Program& program, const std::vector<Expansion>& expanded) {
    for (size_t i = 0; i < model_.origins.size(); ++i) {
      settle(static_cast<OriginId>(i));
    }
    for (const Expansion& expansion : expanded) {
      for (OriginId origin : expansion.origins) {
        for (const Expansion::Words& words : expansion.others) {
          report_.nodes[origin].others.push_back(
              {words.provider, refusal_reason_name(words.refusal.reason), words.refusal.text});
        }
      }
    }
    count(program);
    return std::move(report_);
  }

 private:
  void walk(const Program& program) {
    const auto refusals = index_refusals(program);
    for (NodeId id : program.graph->order) {
      const Node& node = program.graph->nodes[id];
      for (OriginId origin : node.origins) {
        if (model_.origins[origin].fate == Fate::expanded) {
          add_part(program, id, origin);
          continue;
        }
        // An origin that several nodes stand for is reported by the first that a provider runs.
        NodeReport& to = report_.nodes[origin];
        if (!runs_[origin] || (to.provider.empty() && program.placement.classes[id] == NodeClass::region)) {
          describe(program, id, refusals, &to);
          runs_[origin] = true;
        }
      }
    }
    const size_t before = report_.copies.size();
    std::unordered_map<SlotId, size_t> made;  // by a copy: its index
    for (const Instruction& instruction : program.instructions) {
      if (instruction.kind == InstructionKind::copy) {
        made.emplace(instruction.outputs[0], report_.copies.size());
        add_copy(program, instruction);
      }
    }
    if (report_.copies.size() > before) {
      add_readers(program, made);
    }
    next_group_ += static_cast<int64_t>(program.placement.regions.size());
    for (const auto& body : program.bodies) {
      walk(*body);
    }
  }

  // One of the nodes that an expanded one stands as.
  void add_part(const Program& program, NodeId id, OriginId origin) {
    NodeReport& to = report_.nodes[origin];
    std::vector<std::pair<std::string, uint64_t>>& parts = parts_[origin];
    NodeReport part{to.path, to.op, {}, {}, {}, {}, {}, -1, {}};
    describe(program, id, RefusalIndex(program.answers.size()), &part);
    auto found =
        std::find_if(parts.begin(), parts.end(), [&](const auto& each) { return each.first == part.node_class; });
    if (found == parts.end()) {
      found = parts.insert(parts.end(), {part.node_class, 0});
    }
    ++found->second;
    runs_[origin] = true;
    if (!part.provider.empty()) {
      const bool first = mixed_.emplace(origin, false).second;
      const bool same = first || (!mixed_[origin] && to.provider == part.provider && to.device == part.device);
      mixed_[origin] = !same;
      to.provider = same ? part.provider : std::string();
      to.device = same ? part.device : std::string();
    }
  }

  using RefusalIndex = std::vector<std::unordered_map<NodeId, const Refusal*>>;
  static RefusalIndex index_refusals(const Program& program) {
    RefusalIndex index(program.answers.size());
    for (size_t p = 0; p < program.answers.size(); ++p) {
      for (const Refusal& refusal : program.answers[p].said.refusals) {
        index[p][refusal.node] = &refusal;
      }
    }
    return index;
  }

  void describe(const Program& program, NodeId id, const RefusalIndex& refusals, NodeReport* to) {
    *to = NodeReport{to->path, to->op, {}, {}, {}, {}, {}, -1, {}};
    uint32_t chosen = kNone;
    switch (program.placement.classes[id]) {
      case NodeClass::view:
        to->node_class = "view";
        to->why = "shares its input's memory";
        break;
      case NodeClass::shape:
        to->node_class = "shape";
        to->why = "decides shapes: computed by core when shapes change";
        break;
      case NodeClass::structure:
        to->node_class = "structure";
        to->why = program.graph->nodes[id].bodies.empty() ? "core keeps sequences, optionals and maps"
                                                          : "core runs it by its bodies";
        break;
      case NodeClass::region: {
        const uint32_t region = program.placement.region_of[id];
        const PlacedRegion& placed = program.placement.regions[region];
        const CompiledRegion& compiled = *program.regions[region];
        chosen = placed.provider;
        to->node_class = to->provider = compiled.provider().id();
        to->device = compiled.session().device().name;
        to->kernel = compiled.kernel();
        to->why = placed.displaced ? why_displaced(program, *placed.displaced) : why(program, chosen, id, refusals);
        to->group = placed.nodes.size() > 1 ? next_group_ + region : -1;
        break;
      }
      case NodeClass::none:
        break;
    }
    for (uint32_t p = 0; p < program.answers.size(); ++p) {
      const auto found = refusals[p].find(id);
      if (p != chosen && found != refusals[p].end()) {
        to->others.push_back(
            {program.answers[p].provider, refusal_reason_name(found->second->reason), found->second->text});
      }
    }
  }

  static std::string why(const Program& program, uint32_t chosen, NodeId id, const RefusalIndex& refusals) {
    uint32_t refused = 0;
    uint32_t before = 0;
    for (uint32_t p = 0; p < program.answers.size(); ++p) {
      const bool earlier = program.answers[p].last_resort == program.answers[chosen].last_resort
                               ? p < chosen
                               : program.answers[chosen].last_resort;
      before += earlier ? 1 : 0;
      refused += earlier && refusals[p].contains(id) ? 1 : 0;
    }
    if (before == 0) {
      return "the most preferred provider claims it";
    }
    if (refused == before) {
      return program.answers[chosen].last_resort ? "no other provider takes it" : "the providers before refuse it";
    }
    return program.answers[chosen].last_resort ? "no other provider could keep it"
                                               : "the providers before claim it only with nodes that went elsewhere";
  }

  static std::string microseconds(double ns) {
    char text[64];
    std::snprintf(text, sizeof text, "%.1f us", ns / 1e3);
    return text;
  }

  static std::string why_displaced(const Program& program, const Displacement& displaced) {
    std::string names;
    for (uint32_t from : displaced.from) {
      names += (names.empty() ? "" : " and ") + program.answers[from].provider;
    }
    return "cheaper than " + names + " by more than 20%: " + microseconds(displaced.after_ns) + " with " +
           microseconds(displaced.after_copies_ns) + " of copies instead of " + microseconds(displaced.before_ns) +
           " with " + microseconds(displaced.before_copies_ns);
  }

  void add_copy(const Program& program, const Instruction& instruction) {
    const Slot& from = program.slots[instruction.inputs[0]];
    const Slot& to = program.slots[instruction.outputs[0]];
    const Value& value = program.graph->values[from.value];
    CopyReport copy{
        value.name, place_name(program, from.place), place_name(program, to.place), -1, program.graph, from.value, {},
        false};
    if (const auto elements = element_count(value.type.shape)) {
      copy.bytes = static_cast<int64_t>(dtype_bytes(value.type.dtype, *elements).value_or(0));
    }
    report_.copies.push_back(std::move(copy));
  }

  void add_readers(const Program& program, const std::unordered_map<SlotId, size_t>& made) {
    for (const Instruction& instruction : program.instructions) {
      for (SlotId slot : instruction.inputs) {
        const auto found = made.find(slot);
        if (found == made.end()) {
          continue;
        }
        CopyReport& copy = report_.copies[found->second];
        for (NodeId user : program.graph->values[copy.id].users) {
          const bool reads = instruction.region == kNone ? user == instruction.node
                                                         : program.placement.region_of[user] == instruction.region;
          if (reads && (copy.readers.empty() || copy.readers.back() != user)) {
            copy.readers.push_back(user);
          }
        }
      }
    }
    for (SlotId slot : program.outputs) {
      if (const auto found = made.find(slot); found != made.end()) {
        report_.copies[found->second].output = true;
      }
    }
  }

  static std::string place_name(const Program& program, const Place& place) {
    if (place.session == kNone) {
      return "host";
    }
    const ProviderSession& session = *program.sessions[place.session];
    std::string name = session.provider().id() + "/" + session.device().name;
    name +=
        "/" + (place.memory_kind == 0 ? std::string("host") : session.device().memory_kinds[place.memory_kind].name);
    if (place.layout.kind == TENON_LAYOUT_BLOCKED) {
      name += " blocked by " + std::to_string(place.layout.block);
    } else if (place.layout.kind == TENON_LAYOUT_OPAQUE) {
      name += " in its own layout";
    }
    return name;
  }

  std::string why_expanded(OriginId id) const {
    const Origin& origin = model_.origins[id];
    const auto found = parts_.find(id);
    std::string text = origin.detail + "; runs as " + origin.by;
    if (found == parts_.end()) {
      return text + ", of which nothing is left to run";
    }
    uint64_t sum = 0;
    std::string parts;
    for (const auto& [name, count] : found->second) {
      sum += count;
      parts += (parts.empty() ? "" : ", ") + name + " " + std::to_string(count);
    }
    return text + (sum == 1 ? ", 1 node: " : ", " + std::to_string(sum) + " nodes: ") + parts;
  }

  // Origins that no live node stands for, or more than one.
  void settle(OriginId id) {
    const Origin& origin = model_.origins[id];
    const bool runs = runs_[id];
    NodeReport* to = &report_.nodes[id];
    switch (origin.fate) {
      case Fate::expanded:
        to->node_class = "expanded";
        to->why = why_expanded(id);
        return;
      case Fate::folded:
        to->node_class = "folded";
        to->why = "computed at load by " + (origin.by.empty() ? std::string("core") : origin.by);
        break;
      case Fate::removed:
        to->node_class = "removed";
        to->why = "by pass " + origin.by;
        break;
      case Fate::replaced:
        to->node_class = "replaced";
        to->why = "by pass " + origin.by + (origin.detail.empty() ? "" : ": " + origin.detail);
        break;
      case Fate::runs:
        if (!runs) {
          to->node_class = "removed";
          to->why = "nothing needs its result";
        }
        return;
    }
    if (!origin.detail.empty() && origin.fate != Fate::replaced) {
      to->why += ": " + origin.detail;
    }
  }

  void count(const Program& program) {
    std::vector<std::string> order;
    for (const Answer& answer : program.answers) {
      order.push_back(answer.provider);
    }
    for (const char* name : {"view", "shape", "structure", "expanded", "folded", "replaced", "removed"}) {
      order.emplace_back(name);
    }
    std::map<std::string, uint64_t> counts;
    for (const NodeReport& node : report_.nodes) {
      ++counts[node.node_class];
    }
    report_.line = std::to_string(report_.nodes.size()) + (report_.nodes.size() == 1 ? " node:" : " nodes:");
    const char* separator = " ";
    for (const std::string& name : order) {
      const auto found = counts.find(name);
      if (found == counts.end()) {
        continue;
      }
      report_.classes.emplace_back(name, found->second);
      report_.line += separator + name + " " + std::to_string(found->second);
      separator = ", ";
      counts.erase(found);  // two sessions of one provider count once
    }
    if (report_.classes.empty()) {
      report_.line += " none";
    }
  }

  const Model& model_;
  PlacementReport report_;
  std::vector<bool> runs_;
  // Of expanded origins: how many parts are of each class; whether they run on several providers.
  std::map<OriginId, std::vector<std::pair<std::string, uint64_t>>> parts_;
  std::map<OriginId, bool> mixed_;
  int64_t next_group_ = 0;
};

}  // namespace

PlacementReport make_report(const Model& model, const Program& program, const std::vector<Expansion>& expanded) {
  return Reporter(model, program).finish(program, expanded);
}

}  // namespace tenon
