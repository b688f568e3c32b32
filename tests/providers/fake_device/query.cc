// SPDX-License-Identifier: Apache-2.0
#include "query.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "device.hpp"
#include "storage.hpp"

namespace tenon::fake_device {

using plugin::Graph;
using plugin::Node;
using plugin::Value;

namespace {

struct Known {
  std::string_view domain;
  std::string_view op;
  uint32_t form;
  Op is;
};
constexpr Known kKnown[] = {
    {"ai.onnx", "Add", 7, Op::add},          {"ai.onnx", "Mul", 7, Op::mul},         {"ai.onnx", "Relu", 6, Op::relu},
    {"ai.onnx", "MatMul", 1, Op::matmul},    {"ai.onnx", "NonZero", 9, Op::nonzero}, {kDomain, kScale3, 1, Op::scale},
    {kDomain, kPositives, 1, Op::positives},
};

const Known* find(const Node& node) {
  for (const Known& k : kKnown) {
    if (node.is(k.domain, k.op)) return &k;
  }
  return nullptr;
}

bool elementwise(Op op) { return op == Op::add || op == Op::mul || op == Op::relu || op == Op::scale; }

/// All values of the nodes have the same static dims with an axis 1, so that one layout fits them all.
bool same_static_dims(const Graph& graph, const std::vector<uint32_t>& nodes) {
  std::vector<int64_t> dims;
  for (const uint32_t id : nodes) {
    const Node node = graph.node(id);
    std::vector<Value> values;
    for (uint32_t i = 0; i < node.ninputs(); ++i) values.push_back(node.input(i));
    values.push_back(node.output(0));
    for (const Value& v : values) {
      if (!v.is_static() || v.rank() < 2) return false;
      if (dims.empty()) dims.assign(v.dims().begin(), v.dims().end());
      if (!std::equal(dims.begin(), dims.end(), v.dims().begin(), v.dims().end())) return false;
    }
  }
  return true;
}

/// How often each value is read, a graph output counted as one reader more.
std::vector<uint32_t> count_readers(const Graph& graph) {
  std::vector<uint32_t> readers(graph.nvalues());
  for (uint32_t n = 0; n < graph.nnodes(); ++n) {
    for (const uint32_t id : graph.node(n).input_ids()) {
      if (id != TENON_NO_ID) ++readers[id];
    }
  }
  for (const uint32_t id : graph.outputs()) readers[id] += 2;
  return readers;
}

/// The chain that starts at node `first`: each next node is the only reader of the one before and elementwise.
std::vector<uint32_t> chain_from(const Graph& graph, uint32_t first, const std::vector<uint32_t>& readers) {
  std::vector<uint32_t> chain{first};
  for (uint32_t n = first + 1; n < graph.nnodes(); ++n) {
    const uint32_t last = graph.node(chain.back()).output(0).id();
    const Node node = graph.node(n);
    const auto ids = node.input_ids();
    if (std::find(ids.begin(), ids.end(), last) == ids.end()) continue;
    if (readers[last] != 1 || refusal_of(node) || !elementwise(op_of(node))) break;
    chain.push_back(n);
  }
  return chain;
}

/// One rule for each value at the border of `nodes`, all in `layout` except the weights of a MatMul.
std::vector<tenon_value_rule> border_rules(const Graph& graph, const std::vector<uint32_t>& nodes,
                                           const tenon_layout& layout) {
  std::set<uint32_t> made;
  for (const uint32_t n : nodes) made.insert(graph.node(n).output(0).id());
  std::vector<tenon_value_rule> rules;
  std::set<uint32_t> seen;
  const auto add = [&](const Value& v, bool weight) {
    if (!seen.insert(v.id()).second) return;
    tenon_value_rule rule{};
    rule.value = v.id();
    rule.memory_mask = 1u << kDeviceMemory;
    rule.align = static_cast<uint32_t>(kAlignment);
    if (weight)
      rule = {v.id(), 0, 0, TENON_RULE_CONST_NEEDED, dense_layout()};
    else
      rule.layout = layout;
    rules.push_back(rule);
  };
  for (const uint32_t n : nodes) {
    const Node node = graph.node(n);
    for (uint32_t i = 0; i < node.ninputs(); ++i) {
      const Value v = node.input(i);
      if (!made.contains(v.id())) add(v, op_of(node) == Op::matmul && i == 1 && v.is_const());
    }
  }
  if (op_of(graph.node(nodes.back())) != Op::nonzero) add(graph.node(nodes.back()).output(0), false);
  return rules;
}

void send_claims(const Graph& graph, const plugin::Sink& sink, const std::vector<uint32_t>& nodes,
                 const QueryOptions& options) {
  const bool all_elementwise =
      std::all_of(nodes.begin(), nodes.end(), [&](uint32_t n) { return elementwise(op_of(graph.node(n))); });
  const bool any_layout = all_elementwise && same_static_dims(graph, nodes);
  const auto send = [&](uint64_t variant, const tenon_layout& layout) {
    plugin::Claim claim;
    claim.id = uint64_t{nodes.front()} << 32 | nodes.size() << 2 | variant;
    claim.nodes = nodes;
    claim.rules = border_rules(graph, nodes, layout);
    claim.estimate = options.est_ns != 0 ? TENON_ESTIMATE_MODELLED : TENON_ESTIMATE_GUESS;
    claim.est_ns = options.est_ns * nodes.size();
    sink.claim(claim);
  };
  const bool all = options.layouts == "all";
  if (all || options.layouts == "dense" || !any_layout) send(0, dense_layout());
  if (any_layout && (all || options.layouts == "blocked")) send(1, blocked_layout());
  if (any_layout && (all || options.layouts == "opaque")) send(2, opaque_layout());
}

}  // namespace

Op op_of(const Node& node) { return find(node)->is; }

std::optional<Refusal> refusal_of(const Node& node) {
  const Known* known = find(node);
  if (known == nullptr) {
    return Refusal{TENON_REFUSE_OP, plugin::cat("the fake device has no ", node.domain(), ":", node.op())};
  }
  if (node.form() != known->form) {
    return Refusal{TENON_REFUSE_FORM, plugin::cat(node.op(), " of form ", node.form(), ", expected ", known->form)};
  }
  for (uint32_t i = 0; i < node.ninputs(); ++i) {
    const Value v = node.input(i);
    if (!v || v.dtype() != TENON_FLOAT32) {
      return Refusal{
          TENON_REFUSE_DTYPE,
          plugin::cat("input ", i, " is ", v ? plugin::dtype_name(v.dtype()) : "absent", ", only float runs"),
          v ? v.id() : TENON_NO_ID};
    }
    if (known->is == Op::matmul && (!v.rank_known() || v.rank() != 2)) {
      return Refusal{TENON_REFUSE_RANK, plugin::cat("input ", i, " of MatMul is not of rank 2"), v.id()};
    }
    if (!v.rank_known()) {
      return Refusal{TENON_REFUSE_RANK, plugin::cat("the rank of input ", i, " is not known"), v.id()};
    }
  }
  return std::nullopt;
}

void answer(const Graph& graph, const plugin::Sink& sink, const QueryOptions& options) {
  const std::vector<uint32_t> readers = count_readers(graph);
  std::set<uint32_t> fused;  // nodes that already lie inside of a chain
  for (uint32_t n = 0; n < graph.nnodes(); ++n) {
    const Node node = graph.node(n);
    if (const auto refusal = refusal_of(node)) {
      sink.refuse(node, refusal->reason, refusal->text, refusal->value);
      continue;
    }
    if (options.fusion && !fused.contains(n) && !makes_open_output(op_of(node))) {
      const std::vector<uint32_t> chain = chain_from(graph, n, readers);
      if (chain.size() > 1) send_claims(graph, sink, chain, options);
      fused.insert(chain.begin(), chain.end());
    }
    send_claims(graph, sink, {n}, options);
  }
}

}  // namespace tenon::fake_device
