// SPDX-License-Identifier: Apache-2.0
#include "core/sched/lower.hpp"

#include <algorithm>
#include <bit>
#include <queue>
#include <string>
#include <utility>

#include "core/base/checked.hpp"
#include "core/structure/structure.hpp"
#include "core/structure/view.hpp"

namespace tenon {
namespace {

uint32_t lowest_bit(uint32_t mask) { return mask & (~mask + 1); }

// A region, or a node that core runs itself.
struct Unit {
  uint32_t region = kNone;
  NodeId node = kNone;  // of a region the last one
};

// Units in an order in which they can run, as near as possible to the graph's.
class UnitOrder {
 public:
  UnitOrder(const Graph& graph, const Placement& placement) : graph_(graph), placement_(placement) {
    unit_of_.assign(graph.nodes.size(), kNone);
    std::vector<uint32_t> unit_of_region(placement.regions.size(), kNone);
    for (NodeId id : graph.order) {
      const uint32_t region = placement.region_of[id];
      if (region != kNone && unit_of_region[region] != kNone) {
        unit_of_[id] = unit_of_region[region];
      } else {
        unit_of_[id] = static_cast<uint32_t>(units_.size());
        units_.push_back({region, id});
        last_.push_back(0);
        if (region != kNone) {
          unit_of_region[region] = unit_of_[id];
        }
      }
      last_[unit_of_[id]] = position_++;
    }
  }

  Result<std::vector<Unit>> sorted() {
    std::vector<uint32_t> waiting(units_.size(), 0);
    for_each_edge([&](uint32_t, uint32_t to) { ++waiting[to]; });
    std::vector<std::vector<uint32_t>> next(units_.size());
    for_each_edge([&](uint32_t from, uint32_t to) { next[from].push_back(to); });
    const auto later = [&](uint32_t a, uint32_t b) { return last_[a] > last_[b]; };
    std::priority_queue<uint32_t, std::vector<uint32_t>, decltype(later)> ready(later);
    for (uint32_t unit = 0; unit < units_.size(); ++unit) {
      if (waiting[unit] == 0) {
        ready.push(unit);
      }
    }
    std::vector<Unit> order;
    while (!ready.empty()) {
      const uint32_t unit = ready.top();
      ready.pop();
      order.push_back(units_[unit]);
      for (uint32_t to : next[unit]) {
        if (--waiting[to] == 0) {
          ready.push(to);
        }
      }
    }
    if (order.size() != units_.size()) {
      return Status(TENON_INTERNAL, "placement chose regions that wait for each other");
    }
    return order;
  }

 private:
  template <typename Fn>
  void for_each_edge(const Fn& fn) const {
    for (NodeId id : graph_.order) {
      for (ValueId value : graph_.nodes[id].outputs) {
        if (value == kNone) {
          continue;
        }
        for (NodeId user : graph_.values[value].users) {
          if (unit_of_[user] != unit_of_[id]) {
            fn(unit_of_[id], unit_of_[user]);
          }
        }
      }
    }
  }

  const Graph& graph_;
  const Placement& placement_;
  std::vector<Unit> units_;
  std::vector<uint32_t> unit_of_;  // by NodeId
  std::vector<uint32_t> last_;     // by unit: position of its last node
  uint32_t position_ = 0;
};

class Lowering : private SlotMaker {
 public:
  Lowering(Program* program, const std::map<const Graph*, uint32_t>& bodies)
      : program_(*program), graph_(*program->graph), bodies_(bodies), slots_of_(graph_.values.size()) {}

  Status run() {
    for (ValueId value : graph_.inputs) {
      program_.inputs.push_back(base_slot(value, SlotSource::input));
    }
    for (const Capture& capture : graph_.captures) {
      program_.captures.push_back(base_slot(capture.inner, SlotSource::captured));
    }
    TENON_ASSIGN_OR_RETURN(const std::vector<Unit> units, UnitOrder(graph_, program_.placement).sorted());
    for (const Unit& unit : units) {
      if (unit.region != kNone) {
        add_region(unit.region);
      } else if (program_.placement.classes[unit.node] == NodeClass::view) {
        add(lower_view(program_, unit.node, this));
      } else if (program_.placement.classes[unit.node] == NodeClass::structure) {
        TENON_ASSIGN_OR_RETURN(Instruction instruction, lower_structure(program_, unit.node, this));
        add(std::move(instruction));
      }
      watch_outputs(unit);
    }
    for (ValueId value : graph_.outputs) {
      const SlotId slot = plain_slot(value);
      program_.slots[slot].escapes = true;
      program_.outputs.push_back(slot);
    }
    program_.objects =
        std::any_of(program_.slots.begin(), program_.slots.end(), [](const Slot& slot) { return slot.object; }) ||
        std::any_of(program_.bodies.begin(), program_.bodies.end(), [](const auto& body) { return body->objects; });
    return {};
  }

 private:
  SlotId new_slot(ValueId value, SlotSource source, const Place& place) {
    Slot slot;
    slot.value = value;
    slot.source = source;
    slot.place = place;
    const Type& type = graph_.values[value].type;
    slot.object = type.kind == TypeKind::sequence || type.kind == TypeKind::optional || type.kind == TypeKind::map;
    slot.dtype = slot.object ? TENON_UNDEFINED : type.dtype;
    slot.align = std::max<uint64_t>(1, std::bit_floor(std::max(dtype_bits(slot.dtype), 8u) / 8));
    const auto id = static_cast<SlotId>(program_.slots.size());
    program_.slots.push_back(slot);
    slots_of_[value].push_back(id);
    return id;
  }

  SlotId base_slot(ValueId value, SlotSource source) { return new_slot(value, source, Place{}); }

  // The first slot of a value; constants and slice values get theirs when somebody asks.
  SlotId any_slot(ValueId value) override {
    if (!slots_of_[value].empty()) {
      return slots_of_[value].front();
    }
    if (graph_.values[value].constant == kNone) {
      return base_slot(value, SlotSource::shape);
    }
    program_.weights->keep(graph_.values[value].constant);
    return base_slot(value, SlotSource::constant);
  }

  // The value in that place; a copy instruction is added where it is not there yet.
  SlotId slot_at(ValueId value, const Place& place) {
    SlotId first = any_slot(value);
    for (SlotId slot : slots_of_[value]) {
      if (program_.slots[slot].place.same_as(place)) {
        return slot;
      }
    }
    // No provider reads another's memory.
    if (const Place& from = program_.slots[first].place;
        !from.plain() && !place.plain() &&
        &program_.sessions[from.session]->provider() != &program_.sessions[place.session]->provider()) {
      first = plain_slot(value);
    }
    const SlotId copy = new_slot(value, SlotSource::made, place);
    Instruction instruction;
    instruction.kind = InstructionKind::copy;
    instruction.inputs = {first};
    instruction.outputs = {copy};
    add(std::move(instruction));
    return copy;
  }

  SlotId plain_slot(ValueId value) override { return slot_at(value, Place{}); }
  SlotId made_slot(ValueId value, const Place& place) override { return new_slot(value, SlotSource::made, place); }
  uint32_t body_index(const Graph* body) const override { return bodies_.at(body); }

  void add(Instruction instruction) {
    const auto index = static_cast<uint32_t>(program_.instructions.size());
    const auto touch = [&](SlotId slot) {
      if (slot != kNone) {
        program_.slots[slot].last_use = index;
      }
    };
    std::for_each(instruction.inputs.begin(), instruction.inputs.end(), touch);
    std::for_each(instruction.outputs.begin(), instruction.outputs.end(), touch);
    for (size_t b = 0; b < instruction.captures.size(); ++b) {
      const Program& body = *program_.bodies[instruction.bodies[b]];
      for (size_t i = 0; i < body.captures.size(); ++i) {
        Slot& outer = program_.slots[instruction.captures[b][i]];
        outer.last_use = index;
        outer.align = std::max(outer.align, body.slots[body.captures[i]].align);
      }
    }
    program_.instructions.push_back(std::move(instruction));
  }

  Place place_of(const ValueRule& rule, uint32_t session) const {
    Place place;
    place.memory_kind = static_cast<uint32_t>(std::countr_zero(rule.memory_mask));
    place.layout = rule.layout;
    place.session = place.plain() ? kNone : session;
    return place;
  }

  void add_region(uint32_t index) {
    const CompiledRegion& region = *program_.regions[index];
    const uint32_t session = program_.placement.regions[index].provider;
    Instruction instruction;
    instruction.kind = InstructionKind::region;
    instruction.region = index;
    instruction.node = region.nodes().front();
    for (size_t i = 0; i < region.inputs().size(); ++i) {
      if (region.constant_input(static_cast<uint32_t>(i)) != nullptr) {
        instruction.inputs.push_back(kNone);
        continue;
      }
      const ValueRule& rule = region.input_rules()[i];
      const SlotId slot = slot_at(region.inputs()[i], place_of(rule, session));
      program_.slots[slot].align = std::max<uint64_t>(program_.slots[slot].align, rule.align);
      instruction.inputs.push_back(slot);
    }
    for (size_t i = 0; i < region.outputs().size(); ++i) {
      const ValueRule& rule = region.output_rules()[i];
      const SlotId slot = new_slot(region.outputs()[i], SlotSource::made, place_of(rule, session));
      program_.slots[slot].align = std::max<uint64_t>(program_.slots[slot].align, rule.align);
      instruction.outputs.push_back(slot);
    }
    add(std::move(instruction));
  }

  // Contents that shapes wait for must be readable by core as soon as they are there.
  void watch_outputs(const Unit& unit) {
    if (program_.placement.classes[unit.node] == NodeClass::shape) {
      return;
    }
    const auto watch = [&](ValueId value) {
      if (value != kNone && program_.shapes->wants_contents(value)) {
        program_.watched.emplace_back(value, plain_slot(value));
      }
    };
    if (unit.region != kNone) {
      const std::vector<ValueId>& outputs = program_.regions[unit.region]->outputs();
      std::for_each(outputs.begin(), outputs.end(), watch);
    } else {
      const std::vector<ValueId>& outputs = graph_.nodes[unit.node].outputs;
      std::for_each(outputs.begin(), outputs.end(), watch);
    }
  }

  Program& program_;
  const Graph& graph_;
  const std::map<const Graph*, uint32_t>& bodies_;
  std::vector<std::vector<SlotId>> slots_of_;  // by ValueId
};

// The memory kind of each value that regions make, agreed with those who read it.
class RuleAgreement {
 public:
  RuleAgreement(const Graph& graph, const Placement& placement, const std::vector<Answer>& answers)
      : graph_(graph), placement_(placement), answers_(answers) {}

  AgreedRules run() {
    std::vector<uint32_t> made(graph_.values.size(), 0);       // by ValueId: the chosen mask
    std::vector<uint32_t> maker(graph_.values.size(), kNone);  // by ValueId: index in the answers
    for (const PlacedRegion& region : placement_.regions) {
      for (const ValueRule& rule : claim_of(region).output_rules) {
        made[rule.value] = choose_output(rule, region.provider);
        maker[rule.value] = region.provider;
      }
    }
    AgreedRules agreed;
    for (const PlacedRegion& region : placement_.regions) {
      const Claim& claim = claim_of(region);
      std::vector<ValueRule> rules;
      for (ValueRule rule : claim.input_rules) {
        const uint32_t common = maker[rule.value] == region.provider ? rule.memory_mask & made[rule.value] : 0;
        rule.memory_mask = common != 0 ? common : lowest_bit(rule.memory_mask);
        rules.push_back(rule);
      }
      for (ValueRule rule : claim.output_rules) {
        rule.memory_mask = made[rule.value];
        rules.push_back(rule);
      }
      agreed.push_back(std::move(rules));
    }
    return agreed;
  }

 private:
  const Claim& claim_of(const PlacedRegion& region) const {
    return answers_[region.provider].said.claims[region.claim];
  }

  // A device's own memory when one of its readers takes it there; host memory comes first otherwise.
  uint32_t choose_output(const ValueRule& rule, uint32_t provider) const {
    const uint32_t own = rule.memory_mask & ~1u;
    for (NodeId user : graph_.values[rule.value].users) {
      const uint32_t region = placement_.region_of[user];
      if (own == 0 || region == kNone || placement_.regions[region].provider != provider) {
        continue;
      }
      for (const ValueRule& wanted : claim_of(placement_.regions[region]).input_rules) {
        if (wanted.value == rule.value && (wanted.memory_mask & own) != 0) {
          return lowest_bit(wanted.memory_mask & own);
        }
      }
    }
    return lowest_bit(rule.memory_mask);
  }

  const Graph& graph_;
  const Placement& placement_;
  const std::vector<Answer>& answers_;
};

}  // namespace

AgreedRules agree_rules(const Graph& graph, const Placement& placement, const std::vector<Answer>& answers) {
  return RuleAgreement(graph, placement, answers).run();
}

Status lower(Program* program, const std::map<const Graph*, uint32_t>& bodies) {
  return Lowering(program, bodies).run();
}

}  // namespace tenon
