// SPDX-License-Identifier: Apache-2.0
#include "core/sched/placement.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "core/structure/operators.hpp"

namespace tenon {
namespace {

constexpr double kCopyBytesPerNs = 8;   // about what one thread copies
constexpr double kCopyStartNs = 2'000;  // a copy's own cost
constexpr double kDisplaceBelow = 0.8;  // a later provider must be cheaper by more than 20%

bool same_layout(const tenon_layout& a, const tenon_layout& b) {
  if (a.kind != b.kind) {
    return false;
  }
  switch (a.kind) {
    case TENON_LAYOUT_BLOCKED:
      return a.axis == b.axis && a.block == b.block;
    case TENON_LAYOUT_OPAQUE:
      return a.id == b.id;
    default:
      return true;
  }
}

bool host_memory(const ValueRule* rule) { return rule == nullptr || (rule->memory_mask & 1) != 0; }

// How a claim leaves a value that it makes; NULL when the value stays inside.
const ValueRule* output_rule(const Claim& claim, ValueId value) {
  for (const ValueRule& rule : claim.output_rules) {
    if (rule.value == value) {
      return &rule;
    }
  }
  return nullptr;
}

// What moving a value costs; unknown dims count as 64 elements.
double copy_ns(const Value& value) {
  double elements = 1;
  if (value.type.shape) {
    for (const Dim& dim : *value.type.shape) {
      elements *= dim.known() ? static_cast<double>(dim.size) : 64;
    }
  }
  return kCopyStartNs + elements * std::max(dtype_bits(value.type.dtype), 8u) / 8 / kCopyBytesPerNs;
}

class Placer {
 public:
  Placer(const Graph& graph, std::span<const Answer> answers, const PlacementOptions& options)
      : graph_(graph), answers_(answers), options_(options), position_(graph.nodes.size(), kNone) {
    for (uint32_t i = 0; i < graph.order.size(); ++i) {
      position_[graph.order[i]] = i;
    }
    result_.classes.assign(graph.nodes.size(), NodeClass::none);
    result_.region_of.assign(graph.nodes.size(), kNone);
  }

  Result<Placement> run() {
    take_core_nodes();
    for (int last_resort = 0; last_resort < 2; ++last_resort) {
      for (uint32_t p = 0; p < answers_.size(); ++p) {
        if (answers_[p].last_resort == (last_resort == 1)) {
          take_claims(p);
        }
      }
    }
    for (uint32_t p = 1; p < answers_.size(); ++p) {
      if (!answers_[p].last_resort) {
        displace(p);
      }
    }
    drop_empty_regions();
    choose_variants();
    if (!options_.partial) {
      TENON_RETURN_IF_ERROR(check_complete());
    }
    return std::move(result_);
  }

 private:
  void take_core_nodes() {
    for (NodeId id : graph_.order) {
      const Node& node = graph_.nodes[id];
      if (is_structure_op(graph_, node)) {
        result_.classes[id] = NodeClass::structure;
      } else if (options_.in_slice && options_.in_slice(id)) {
        result_.classes[id] = NodeClass::shape;
      } else if (options_.views && is_view_op(node)) {
        result_.classes[id] = NodeClass::view;
      }
    }
  }

  bool usable(uint32_t provider, uint32_t index) const {
    const Claim& claim = answers_[provider].said.claims[index];
    return (options_.fusion || claim.nodes.size() == 1) && !options_.declined.contains({provider, index});
  }

  // Claims of a provider: larger first, then in graph order, then by estimate, then as the provider listed them.
  std::vector<uint32_t> sorted_claims(uint32_t provider) const {
    const std::vector<Claim>& offers = answers_[provider].said.claims;
    std::vector<uint32_t> order(offers.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      if (offers[a].nodes.size() != offers[b].nodes.size()) {
        return offers[a].nodes.size() > offers[b].nodes.size();
      }
      const uint32_t at_a = position_[offers[a].nodes.front()];
      const uint32_t at_b = position_[offers[b].nodes.front()];
      return at_a != at_b ? at_a < at_b : offers[a].est_ns < offers[b].est_ns;
    });
    return order;
  }

  void assign(uint32_t provider, uint32_t index) {
    const auto region = static_cast<uint32_t>(result_.regions.size());
    result_.regions.push_back({provider, index, answers_[provider].said.claims[index].nodes, {}});
    for (NodeId id : result_.regions.back().nodes) {
      result_.classes[id] = NodeClass::region;
      result_.region_of[id] = region;
    }
  }

  void take_claims(uint32_t provider) {
    for (uint32_t index : sorted_claims(provider)) {
      const Claim& claim = answers_[provider].said.claims[index];
      const bool free = std::all_of(claim.nodes.begin(), claim.nodes.end(),
                                    [&](NodeId id) { return result_.classes[id] == NodeClass::none; });
      if (free && usable(provider, index) && keeps_order(claim.nodes)) {
        assign(provider, index);
      }
    }
  }

  // Two convex regions can still wait for each other. A region of several nodes is taken only when no path leads from
  // it through other nodes and regions back into it.
  bool keeps_order(const std::vector<NodeId>& nodes) {
    if (nodes.size() == 1) {
      return true;
    }
    const std::set<NodeId> inside(nodes.begin(), nodes.end());
    const uint32_t last = position_[nodes.back()];
    std::set<NodeId> seen;
    std::vector<NodeId> open;
    const auto visit_users = [&](NodeId from) {
      for_each_user(from, [&](NodeId user) {
        if (!inside.contains(user) && seen.insert(user).second) {
          open.push_back(user);
        }
      });
    };
    for (NodeId id : nodes) {
      visit_users(id);
    }
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      // What stands behind the region's last node, in a region of its own, cannot lead back to it.
      if (position_[id] > last && result_.region_of[id] == kNone) {
        continue;
      }
      bool back = false;
      for_each_user(id, [&](NodeId user) { back = back || inside.contains(user); });
      if (back) {
        return false;
      }
      visit_users(id);
      if (result_.region_of[id] != kNone) {
        for (NodeId mate : result_.regions[result_.region_of[id]].nodes) {
          if (seen.insert(mate).second) {
            open.push_back(mate);
          }
        }
      }
    }
    return true;
  }

  template <typename Fn>
  void for_each_user(NodeId id, const Fn& fn) const {
    for (ValueId value : graph_.nodes[id].outputs) {
      if (value != kNone) {
        for (NodeId user : graph_.values[value].users) {
          fn(user);
        }
      }
    }
  }

  // A later provider's claim in place of the regions that it covers exactly.
  void displace(uint32_t provider) {
    for (uint32_t index : sorted_claims(provider)) {
      const Claim& claim = answers_[provider].said.claims[index];
      if (claim.estimate == TENON_ESTIMATE_GUESS || !usable(provider, index)) {
        continue;
      }
      const std::optional<std::set<uint32_t>> covered = covered_regions(claim, provider);
      if (!covered) {
        continue;
      }
      Displacement displaced;
      for (uint32_t region : *covered) {
        const PlacedRegion& placed = result_.regions[region];
        const Claim& other = answers_[placed.provider].said.claims[placed.claim];
        const double copies = border_ns(other, placed.provider);
        displaced.before_ns += static_cast<double>(other.est_ns) + copies;
        displaced.before_copies_ns += copies;
        if (std::count(displaced.from.begin(), displaced.from.end(), placed.provider) == 0) {
          displaced.from.push_back(placed.provider);
        }
      }
      displaced.after_copies_ns = border_ns(claim, provider);
      displaced.after_ns = static_cast<double>(claim.est_ns) + displaced.after_copies_ns;
      if (displaced.after_ns < kDisplaceBelow * displaced.before_ns && keeps_order(claim.nodes)) {
        for (uint32_t region : *covered) {
          result_.regions[region].nodes.clear();
        }
        assign(provider, index);
        result_.regions.back().displaced = std::move(displaced);
      }
    }
  }

  // Regions of earlier providers that make up the claim's nodes exactly, all with estimates; else nothing.
  std::optional<std::set<uint32_t>> covered_regions(const Claim& claim, uint32_t provider) const {
    std::set<uint32_t> covered;
    size_t count = 0;
    for (NodeId id : claim.nodes) {
      const uint32_t region = result_.region_of[id];
      if (region == kNone || result_.regions[region].provider >= provider) {
        return std::nullopt;
      }
      const PlacedRegion& placed = result_.regions[region];
      if (answers_[placed.provider].said.claims[placed.claim].estimate == TENON_ESTIMATE_GUESS) {
        return std::nullopt;
      }
      if (covered.insert(region).second) {
        count += placed.nodes.size();
      }
    }
    if (count != claim.nodes.size()) {
      return std::nullopt;
    }
    return covered;
  }

  // Time of the copies that a claim's border would need with the neighbours as they are now.
  double border_ns(const Claim& claim, uint32_t provider) const {
    double sum = 0;
    for (const ValueRule& rule : claim.input_rules) {
      if (graph_.values[rule.value].constant == kNone) {
        sum += conversion_ns(rule, claim, provider);
      }
    }
    for (const ValueRule& rule : claim.output_rules) {
      const Value& value = graph_.values[rule.value];
      if (!host_memory(&rule) && read_elsewhere(value, claim, provider)) {
        sum += copy_ns(value);
      }
    }
    return sum;
  }

  static bool contains(const Claim& claim, NodeId id) {
    return std::find(claim.nodes.begin(), claim.nodes.end(), id) != claim.nodes.end();
  }

  bool read_elsewhere(const Value& value, const Claim& claim, uint32_t provider) const {
    return value.users.empty() || std::any_of(value.users.begin(), value.users.end(), [&](NodeId user) {
             const uint32_t region = result_.region_of[user];
             return !contains(claim, user) && (region == kNone || result_.regions[region].provider != provider);
           });
  }

  // Cost of bringing an input into the claim's memory and layout from where its producer leaves it.
  double conversion_ns(const ValueRule& rule, const Claim& claim, uint32_t provider) const {
    const Value& value = graph_.values[rule.value];
    const ValueRule* made = nullptr;
    bool same_device = false;
    if (value.producer != kNone && result_.region_of[value.producer] != kNone) {
      const PlacedRegion& from = result_.regions[result_.region_of[value.producer]];
      const Claim& source = answers_[from.provider].said.claims[from.claim];
      made = output_rule(source, rule.value);
      same_device = from.provider == provider && source.device == claim.device;
    }
    const tenon_layout dense = {};
    const tenon_layout& from_layout = made != nullptr ? made->layout : dense;
    const bool memory_fits = (host_memory(made) && host_memory(&rule)) ||
                             (same_device && made != nullptr && (made->memory_mask & rule.memory_mask) != 0);
    return memory_fits && same_layout(from_layout, rule.layout) ? 0 : copy_ns(value);
  }

  void drop_empty_regions() {
    std::vector<PlacedRegion> kept;
    for (PlacedRegion& region : result_.regions) {
      if (!region.nodes.empty()) {
        kept.push_back(std::move(region));
      }
    }
    std::sort(kept.begin(), kept.end(), [&](const PlacedRegion& a, const PlacedRegion& b) {
      return position_[a.nodes.front()] < position_[b.nodes.front()];
    });
    result_.regions = std::move(kept);
    for (uint32_t i = 0; i < result_.regions.size(); ++i) {
      for (NodeId id : result_.regions[i].nodes) {
        result_.region_of[id] = i;
      }
    }
  }

  // Among the claims of a region's provider for exactly its nodes, in graph order, the cheapest with its conversions.
  void choose_variants() {
    std::map<std::pair<uint32_t, std::vector<NodeId>>, std::vector<uint32_t>> variants;
    for (uint32_t p = 0; p < answers_.size(); ++p) {
      for (uint32_t index = 0; index < answers_[p].said.claims.size(); ++index) {
        if (usable(p, index)) {
          variants[{p, answers_[p].said.claims[index].nodes}].push_back(index);
        }
      }
    }
    for (PlacedRegion& region : result_.regions) {
      const std::vector<uint32_t>& same = variants[{region.provider, region.nodes}];
      double best = INFINITY;
      for (uint32_t index : same) {
        const Claim& claim = answers_[region.provider].said.claims[index];
        const double cost = static_cast<double>(claim.est_ns) + border_ns(claim, region.provider);
        if (cost < best) {
          best = cost;
          region.claim = index;
        }
      }
    }
  }

  Status check_complete() const {
    constexpr size_t kShown = 8;
    std::vector<NodeId> missing;
    for (NodeId id : graph_.order) {
      if (result_.classes[id] == NodeClass::none) {
        missing.push_back(id);
      }
    }
    if (missing.empty()) {
      return {};
    }
    const bool strict = options_.policy == Policy::strict;
    std::string text =
        missing.size() == 1 ? "1 node can't be placed" : std::to_string(missing.size()) + " nodes can't be placed";
    text += strict ? " on the named providers" : " on any provider";
    for (size_t i = 0; i < missing.size() && i < kShown; ++i) {
      const Node& node = graph_.nodes[missing[i]];
      text += "; " + graph_.path_of(missing[i]) + " (" + node.domain + "." + node.op + "):";
      for (const Answer& answer : answers_) {
        text += " " + answer.provider + ": " + refusal_text(answer, missing[i]) + ";";
      }
      if (answers_.empty()) {
        text += " there is no provider;";
      }
      text.pop_back();
    }
    if (missing.size() > kShown) {
      text += "; and " + std::to_string(missing.size() - kShown) + " more";
    }
    const Node& first = graph_.nodes[missing.front()];
    Status status(strict ? TENON_PLACEMENT : TENON_UNSUPPORTED, std::move(text));
    status = status.with_node(graph_.path_of(missing.front()), first.domain + "." + first.op);
    return answers_.empty() ? status : status.with_provider(answers_.front().provider);
  }

  const Graph& graph_;
  std::span<const Answer> answers_;
  const PlacementOptions& options_;
  std::vector<uint32_t> position_;  // by NodeId, in graph order
  Placement result_;
};

}  // namespace

Result<Placement> place(const Graph& graph, std::span<const Answer> answers, const PlacementOptions& options) {
  return Placer(graph, answers, options).run();
}

std::string refusal_text(const Answer& answer, NodeId node) {
  for (const Refusal& refusal : answer.said.refusals) {
    if (refusal.node == node) {
      return refusal.text + " (" + refusal_reason_name(refusal.reason) + ")";
    }
  }
  return "claimed it, but the claim could not be used";
}

}  // namespace tenon
