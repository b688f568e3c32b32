// SPDX-License-Identifier: Apache-2.0
#include "core/host/query.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "core/base/checked.hpp"
#include "core/base/log.hpp"
#include "core/host/host_table.hpp"

namespace tenon {
namespace {

constexpr uint64_t kMaxAlign = 1u << 20;
constexpr size_t kMaxLogged = 8;

// A path from the region through an outside node back into it: then neither could run first.
bool convex(const GraphView& view, const std::vector<uint32_t>& nodes) {
  const Graph& graph = view.graph();
  const std::unordered_set<uint32_t> inside(nodes.begin(), nodes.end());
  const uint32_t last = nodes.back();
  std::vector<uint32_t> pending;
  std::unordered_set<uint32_t> seen;
  // Only what runs before the region's last node can lead back into it.
  const auto visit = [&](uint32_t local) {
    for (ValueId output : graph.nodes[view.node(local)].outputs) {
      if (output == kNone) {
        continue;
      }
      for (NodeId user : graph.values[output].users) {
        const uint32_t next = view.local_node(user);
        if (next > last) {
          continue;
        }
        if (inside.count(next) != 0) {
          if (inside.count(local) == 0) {
            return false;
          }
        } else if (seen.insert(next).second) {
          pending.push_back(next);
        }
      }
    }
    return true;
  };
  for (uint32_t node : nodes) {
    visit(node);
  }
  while (!pending.empty()) {
    const uint32_t node = pending.back();
    pending.pop_back();
    if (!visit(node)) {
      return false;
    }
  }
  return true;
}

class Checker {
 public:
  Checker(ProviderSession& session, const GraphView& view) : session_(session), view_(view), graph_(view.graph()) {}

  // False: the claim breaks `rule` for the reason in `why`.
  bool check(const tenon_sink::RawClaim& raw, Claim* claim) {
    return check_nodes(raw) && check_fields(raw) && translate(raw, claim) && check_rules(raw, claim);
  }

  uint32_t rule = 6;
  std::string why;

 private:
  bool fail(uint32_t number, std::string text) {
    rule = number;
    why = std::move(text);
    return false;
  }

  std::string node_text(uint32_t local) const {
    const Node& node = graph_.nodes[view_.node(local)];
    return "node " + std::to_string(local) + " (" + node.op + " '" + node.name + "')";
  }

  bool check_nodes(const tenon_sink::RawClaim& raw) {
    if (raw.nodes.empty()) {
      return fail(6, "it holds no node");
    }
    nodes_ = raw.nodes;
    std::sort(nodes_.begin(), nodes_.end());
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i] >= view_.nodes()) {
        return fail(
            6, "node " + std::to_string(nodes_[i]) + " does not exist; the graph has " + std::to_string(view_.nodes()));
      }
      if (i > 0 && nodes_[i] == nodes_[i - 1]) {
        return fail(6, node_text(nodes_[i]) + " stands in it twice");
      }
      const Node& node = graph_.nodes[view_.node(nodes_[i])];
      if (host_only(graph_, node)) {
        return fail(6, node_text(nodes_[i]) + " has bodies or values that are no tensors: those run in the host");
      }
    }
    if (nodes_.size() > 1 && !session_.fusion()) {
      return fail(6, "it holds " + std::to_string(nodes_.size()) + " nodes, but the session has no fusion");
    }
    if (nodes_.size() > 1 && !convex(view_, nodes_)) {
      return fail(6, "its region is not convex: a value leaves it and comes back in through another node");
    }
    return true;
  }

  bool check_fields(const tenon_sink::RawClaim& raw) {
    if (raw.claim.device != session_.device_index()) {
      return fail(6, "it names device " + std::to_string(raw.claim.device) + ", the session is on device " +
                         std::to_string(session_.device_index()));
    }
    if (raw.claim.estimate > TENON_ESTIMATE_MEASURED) {
      return fail(6, "its estimate is of the unknown kind " + std::to_string(raw.claim.estimate));
    }
    return true;
  }

  bool translate(const tenon_sink::RawClaim& raw, Claim* claim) {
    claim->id = raw.claim.id;
    claim->device = raw.claim.device;
    claim->estimate = raw.claim.estimate;
    claim->est_ns = raw.claim.est_ns;
    claim->workspace_bytes = raw.claim.workspace_bytes;
    for (uint32_t local : nodes_) {
      claim->nodes.push_back(view_.node(local));
    }
    RegionBorder border = region_border(view_, claim->nodes);
    claim->inputs = std::move(border.inputs);
    claim->outputs = std::move(border.outputs);
    for (const auto* side : {&claim->inputs, &claim->outputs}) {
      for (ValueId value : *side) {
        if (graph_.values[value].type.dtype == TENON_UNDEFINED) {
          return fail(6, "the dtype of value '" + graph_.values[value].name + "' at its border is not known");
        }
      }
    }
    const auto plain = [](const std::vector<ValueId>& values) {
      std::vector<ValueRule> rules(values.size());
      for (size_t i = 0; i < values.size(); ++i) {
        rules[i].value = values[i];
      }
      return rules;
    };
    claim->input_rules = plain(claim->inputs);
    claim->output_rules = plain(claim->outputs);
    return true;
  }

  ValueRule* rule_of(Claim* claim, ValueId value) {
    for (auto* rules : {&claim->input_rules, &claim->output_rules}) {
      for (ValueRule& rule : *rules) {
        if (rule.value == value) {
          return &rule;
        }
      }
    }
    return nullptr;
  }

  bool check_rules(const tenon_sink::RawClaim& raw, Claim* claim) {
    std::unordered_set<uint32_t> seen;
    for (const tenon_value_rule& from : raw.rules) {
      ValueRule* to = from.value < view_.values() ? rule_of(claim, view_.value(from.value)) : nullptr;
      if (to == nullptr) {
        return fail(6, "a rule is about value " + std::to_string(from.value) + ", which is not at its border");
      }
      if (!seen.insert(from.value).second) {
        return fail(6, "two rules are about value '" + graph_.values[to->value].name + "'");
      }
      if (!check_rule(from, graph_.values[to->value])) {
        return false;
      }
      to->memory_mask = from.memory_mask == 0 ? 1 : from.memory_mask;
      to->align = from.align;
      to->flags = from.flags;
      to->layout = from.layout;
    }
    return true;
  }

  bool check_rule(const tenon_value_rule& from, const Value& value) {
    const std::string about = "the rule of value '" + value.name + "' ";
    const size_t kinds = session_.device().memory_kinds.size();
    if ((static_cast<uint64_t>(from.memory_mask) >> kinds) != 0) {
      return fail(9, about + "names a memory kind that the device does not have (mask " +
                         std::to_string(from.memory_mask) + ", " + std::to_string(kinds) + " kinds)");
    }
    if (from.align != 0 && (!is_power_of_two(from.align) || from.align > kMaxAlign)) {
      return fail(9,
                  about + "asks for alignment " + std::to_string(from.align) + ", expected a power of two up to 1 MiB");
    }
    const bool strided_rule = (from.flags & TENON_RULE_STRIDED) != 0;
    if ((from.flags & ~(TENON_RULE_STRIDED | TENON_RULE_CONST_NEEDED)) != 0) {
      return fail(6, about + "has unknown flags " + std::to_string(from.flags));
    }
    if ((from.flags & TENON_RULE_CONST_NEEDED) != 0 && value.constant == kNone) {
      return fail(6, about + "needs a constant, which it is not");
    }
    return check_layout(from.layout, value, strided_rule, about);
  }

  bool check_layout(const tenon_layout& layout, const Value& value, bool strided_rule, const std::string& about) {
    if (layout.kind > TENON_LAYOUT_OPAQUE || (layout.kind != TENON_LAYOUT_DENSE && strided_rule)) {
      return fail(9, about + "has an unknown layout, or strides beside a layout that is not dense");
    }
    if (layout.kind == TENON_LAYOUT_BLOCKED) {
      const bool known = value.type.shape.has_value();
      if (!known || layout.axis >= value.type.shape->size() || layout.block < 1) {
        return fail(9, about + "blocks axis " + std::to_string(layout.axis) + " by " + std::to_string(layout.block) +
                           (known ? ", rank is " + std::to_string(value.type.shape->size()) : ", rank is not known"));
      }
    }
    const tenon_provider& table = session_.provider().table();
    if (layout.kind == TENON_LAYOUT_OPAQUE && (table.layout_bytes == nullptr || table.copy == nullptr)) {
      return fail(9, about + "has an opaque layout, but the provider has no layout_bytes or no copy");
    }
    if (layout.kind == TENON_LAYOUT_BLOCKED && table.copy == nullptr) {
      return fail(9, about + "has a blocked layout, but the provider has no copy to convert it");
    }
    return true;
  }

  ProviderSession& session_;
  const GraphView& view_;
  const Graph& graph_;
  std::vector<uint32_t> nodes_;
};

void take_refusals(const tenon_sink& sink, const GraphView& view, std::vector<bool>* answered, QueryResult* result) {
  for (const auto& raw : sink.refusals) {
    if (raw.node >= view.nodes()) {
      result->violations.push_back(
          {6, "a refusal is about node " + std::to_string(raw.node) + ", which does not exist"});
      continue;
    }
    if ((*answered)[raw.node]) {
      continue;
    }
    (*answered)[raw.node] = true;
    const ValueId value = raw.value < view.values() ? view.value(raw.value) : kNone;
    result->refusals.push_back({view.node(raw.node), raw.reason, value, raw.text});
  }
}

// Nodes without any answer get one, so that reports have no holes.
void fill_holes(const GraphView& view, const std::vector<bool>& claimed, const std::vector<bool>& refused,
                const std::unordered_map<uint32_t, std::string>& dropped, QueryResult* result) {
  size_t silent = 0;
  std::string first;
  for (uint32_t local = 0; local < view.nodes(); ++local) {
    if (claimed[local] || refused[local]) {
      continue;
    }
    const Node& node = view.graph().nodes[view.node(local)];
    std::string text = "the provider says nothing about it";
    if (const auto found = dropped.find(local); found != dropped.end()) {
      text = "its claim was dropped: " + found->second;
    } else if (host_only(view.graph(), node)) {
      text = "runs in the host";
    } else if (silent++ == 0) {
      first = node.op + " '" + node.name + "'";
    }
    result->refusals.push_back({view.node(local), TENON_REFUSE_OP, kNone, text});
  }
  if (silent > 0) {
    result->violations.push_back({6, std::to_string(silent) + (silent == 1 ? " node is" : " nodes are") +
                                         " neither claimed nor refused, the first is " + first});
  }
}

void log_violations(const std::string& id, const std::vector<Violation>& violations) {
  for (size_t i = 0; i < violations.size() && i < kMaxLogged; ++i) {
    log_warning(rule_broken(id, violations[i].rule, violations[i].text).message());
  }
  if (violations.size() > kMaxLogged) {
    log_warning("provider '" + id + "' breaks rules " + std::to_string(violations.size() - kMaxLogged) + " more times");
  }
}

}  // namespace

const char* refusal_reason_name(uint32_t reason) {
  static constexpr const char* kNames[] = {"UNKNOWN", "OP",    "FORM",   "DTYPE",  "RANK",   "DYNAMIC", "LAYOUT",
                                           "ATTR",    "CONST", "MEMORY", "OPTION", "DEVICE", "COST"};
  static_assert(sizeof kNames / sizeof kNames[0] == TENON_REFUSE_COST + 1);
  return reason <= TENON_REFUSE_COST ? kNames[reason] : "UNKNOWN";
}

Result<QueryResult> query_provider(ProviderSession& session, const GraphView& view) {
  Provider& provider = session.provider();
  tenon_sink sink;
  sink.limit = uint64_t{64} * view.nodes() + 1024;
  sink.max_nodes = view.nodes();
  sink.max_values = view.values();
  {
    const std::lock_guard lock(session.query_mutex());
    TENON_RETURN_IF_ERROR(call_provider(provider, [&](tenon_status* status) {
      return provider.table().query(session.raw(), &view.raw(), &sink, status);
    }));
  }
  QueryResult result;
  result.violations = std::move(sink.violations);
  std::vector<bool> claimed(view.nodes(), false), refused(view.nodes(), false);
  std::unordered_map<uint32_t, std::string> dropped;
  result.claims.reserve(sink.claims.size());
  for (const auto& raw : sink.claims) {
    Checker checker(session, view);
    Claim claim;
    if (checker.check(raw, &claim)) {
      for (uint32_t local : raw.nodes) {
        claimed[local] = true;
      }
      result.claims.push_back(std::move(claim));
      continue;
    }
    result.violations.push_back({checker.rule, "claim " + std::to_string(raw.claim.id) + ": " + checker.why});
    for (uint32_t local : raw.nodes) {
      dropped.try_emplace(local, checker.why);
    }
  }
  take_refusals(sink, view, &refused, &result);
  fill_holes(view, claimed, refused, dropped, &result);
  log_violations(provider.id(), result.violations);
  return result;
}

}  // namespace tenon
