// SPDX-License-Identifier: Apache-2.0
// Asking a provider what it can do with a graph, and believing only what holds [R6].
#pragma once

#include <tenon/plugin.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.hpp"
#include "core/host/graph_view.hpp"
#include "core/host/provider.hpp"
#include "core/ir/graph.hpp"

namespace tenon {

// What a claim says of a value at its border. A value without one: dense, host memory, the element's own alignment.
struct ValueRule {
  ValueId value = kNone;     // in the IR graph
  uint32_t memory_mask = 1;  // never 0; bit k: memory kind k of the device, bit 0 host memory
  uint32_t align = 0;        // bytes, a power of two; 0: the element's own
  uint32_t flags = 0;        // TENON_RULE_STRIDED, TENON_RULE_CONST_NEEDED
  tenon_layout layout{};
};

// A checked claim in the IR's ids.
struct Claim {
  uint64_t id = 0;                     // the provider's own
  uint32_t device = 0;                 // the session's
  std::vector<NodeId> nodes;           // in run order
  std::vector<ValueId> inputs;         // border, as the region's inputs will be: constants included, order of first use
  std::vector<ValueId> outputs;        // border: used outside, in the order they are made
  std::vector<ValueRule> input_rules;  // one for each of inputs
  std::vector<ValueRule> output_rules;  // one for each of outputs
  uint32_t estimate = TENON_ESTIMATE_GUESS;
  uint64_t est_ns = 0;
  uint64_t workspace_bytes = 0;
};

struct Refusal {
  NodeId node = kNone;
  uint32_t reason = 0;    // TENON_REFUSE_*
  ValueId value = kNone;  // that it is about, or kNone
  std::string text;
};
// "OP", "DTYPE", ... for TENON_REFUSE_*; "UNKNOWN" otherwise.
const char* refusal_reason_name(uint32_t reason);

// Something that the provider did wrong; what it concerns was dropped, and the rest stands.
struct Violation {
  uint32_t rule = 0;  // number in plugin-api/README.md
  std::string text;
};

struct QueryResult {
  std::vector<Claim> claims;      // in the order they were made
  std::vector<Refusal> refusals;  // at most one a node and session: the first
  std::vector<Violation> violations;
};

// Runs query on `view`, a whole graph. Each claim is checked: known nodes, none twice, none that the host runs itself,
// the session's device, one node when fusion is off, the region convex, rules for border values only and each one once,
// memory masks and layouts that exist, powers of two, CONST_NEEDED for constants. Each node that is neither claimed nor
// refused is a violation of rule 6 (host-only nodes excepted) and gets a refusal that says so. Violations are logged as
// warnings. An error is what the provider's query itself answered; then nothing it said counts.
Result<QueryResult> query_provider(ProviderSession& session, const GraphView& view);

}  // namespace tenon

// What a provider passes back to claim and refuse: records copied as they come, checked afterwards.
struct tenon_sink {
  struct RawClaim {
    tenon_claim claim;
    std::vector<uint32_t> nodes;
    std::vector<tenon_value_rule> rules;
  };
  struct RawRefusal {
    uint32_t node, reason, value;
    std::string text;
  };
  uint64_t limit = 0;  // of records of each sort, so that a provider that loops does not eat the memory
  uint64_t max_nodes = 0, max_values = 0;  // of the graph
  std::vector<RawClaim> claims;
  std::vector<RawRefusal> refusals;
  std::vector<tenon::Violation> violations;  // of records that could not even be copied
};
