// SPDX-License-Identifier: Apache-2.0
#include "graphs.hpp"

#include <algorithm>
#include <cstring>

namespace tenon::conform {

namespace {

constexpr auto kGapByte = std::byte{0xEE};

bool holds(const std::vector<uint32_t>& list, uint32_t id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

tenon_attribute make_attribute(const Attribute& a) {
  tenon_attribute out{};
  out.name = plugin::str(a.name);
  out.type = a.type;
  out.count = a.type == TENON_ATTR_INTS     ? static_cast<uint32_t>(a.ints.size())
              : a.type == TENON_ATTR_FLOATS ? static_cast<uint32_t>(a.floats.size())
                                            : 1;
  out.i = a.i;
  out.f = a.f;
  out.s = plugin::str(a.s);
  out.ints = a.ints.data();
  out.floats = a.floats.data();
  return out;
}

}  // namespace

template <class T>
void GraphRecords::make_store(std::vector<std::byte>& store, size_t n) const {
  store.assign(n * (sizeof(T) + gap_), kGapByte);
}
template <class T>
T* GraphRecords::record(std::vector<std::byte>& store, uint32_t i) const {
  return reinterpret_cast<T*>(store.data() + size_t{i} * (sizeof(T) + gap_));
}

GraphRecords::GraphRecords(const GraphSpec& spec, uint32_t gap) : spec_(spec), gap_(gap) {
  make_store<tenon_node>(nodes_, spec_.nodes.size());
  make_store<tenon_graph_value>(values_, spec_.values.size());
  attributes_.resize(spec_.nodes.size());
  symbols_.resize(spec_.values.size());
  for (uint32_t i = 0; i < spec_.values.size(); ++i) {
    const ValueSpec& v = spec_.values[i];
    tenon_graph_value r{};
    r.id = i;
    r.origin = v.origin == TENON_NO_ID ? i : v.origin;
    r.name = plugin::str(v.name);
    r.dtype = v.dtype;
    r.rank = static_cast<uint32_t>(v.dims.size());
    r.dims = v.dims.data();
    // A symbol of its own for every open dim: nothing is known to be equal.
    for (size_t d = 0; d < v.dims.size(); ++d) {
      symbols_[i].push_back(v.dims[d] < 0 ? 1 + i * TENON_MAX_RANK + static_cast<uint32_t>(d) : 0);
    }
    r.symbols = symbols_[i].empty() ? nullptr : symbols_[i].data();
    r.const_id = !v.constant ? TENON_NO_ID : v.const_id == TENON_NO_ID ? kFirstConstant + i : v.const_id;
    std::memcpy(record<tenon_graph_value>(values_, i), &r, sizeof(r));
  }
  for (uint32_t i = 0; i < spec_.nodes.size(); ++i) add_node(i);
  graph_.size = sizeof(graph_);
  graph_.nodes = record<tenon_node>(nodes_, 0);
  graph_.nnodes = static_cast<uint32_t>(spec_.nodes.size());
  graph_.node_stride = sizeof(tenon_node) + gap_;
  graph_.values = record<tenon_graph_value>(values_, 0);
  graph_.nvalues = static_cast<uint32_t>(spec_.values.size());
  graph_.value_stride = sizeof(tenon_graph_value) + gap_;
  graph_.inputs = spec_.inputs.data();
  graph_.ninputs = static_cast<uint32_t>(spec_.inputs.size());
  graph_.outputs = spec_.outputs.data();
  graph_.noutputs = static_cast<uint32_t>(spec_.outputs.size());
}

void GraphRecords::add_node(uint32_t i) {
  const NodeSpec& n = spec_.nodes[i];
  make_store<tenon_attribute>(attributes_[i], n.attributes.size());
  for (uint32_t a = 0; a < n.attributes.size(); ++a) {
    const tenon_attribute filled = make_attribute(n.attributes[a]);
    std::memcpy(record<tenon_attribute>(attributes_[i], a), &filled, sizeof(filled));
  }
  tenon_node r{};
  r.id = i;
  r.origin = n.origin == TENON_NO_ID ? i : n.origin;
  r.domain = plugin::str(n.domain);
  r.op = plugin::str(n.op);
  r.form = n.form;
  r.name = plugin::str(n.op);
  r.inputs = n.inputs.data();
  r.ninputs = static_cast<uint32_t>(n.inputs.size());
  r.outputs = n.outputs.data();
  r.noutputs = static_cast<uint32_t>(n.outputs.size());
  r.attributes = n.attributes.empty() ? nullptr : record<tenon_attribute>(attributes_[i], 0);
  r.nattributes = static_cast<uint32_t>(n.attributes.size());
  r.attribute_stride = sizeof(tenon_attribute) + gap_;
  std::memcpy(record<tenon_node>(nodes_, i), &r, sizeof(r));
}

GraphSpec make_region(const GraphSpec& graph, const ClaimCopy& claim) {
  GraphSpec out;
  std::vector<uint32_t> nodes = claim.nodes;
  std::sort(nodes.begin(), nodes.end());
  std::vector<uint32_t> map(graph.values.size(), TENON_NO_ID);
  const auto local = [&](uint32_t id) {
    if (id == TENON_NO_ID) return id;
    if (map[id] == TENON_NO_ID) {
      map[id] = static_cast<uint32_t>(out.values.size());
      ValueSpec v = graph.values[id];
      v.origin = id;
      v.const_id = v.constant ? kFirstConstant + id : TENON_NO_ID;
      out.values.push_back(std::move(v));
    }
    return map[id];
  };
  std::vector<uint32_t> made;
  for (const uint32_t n : nodes) {
    NodeSpec node = graph.nodes[n];
    node.origin = n;
    for (uint32_t& id : node.inputs) {
      const bool outside = id != TENON_NO_ID && !holds(made, id);
      id = local(id);
      if (outside && !holds(out.inputs, id)) out.inputs.push_back(id);
    }
    made.insert(made.end(), node.outputs.begin(), node.outputs.end());
    for (uint32_t& id : node.outputs) id = local(id);
    out.nodes.push_back(std::move(node));
  }
  for (const uint32_t id : made) {
    bool used = holds(graph.outputs, id);
    for (uint32_t n = 0; n < graph.nodes.size() && !used; ++n) {
      used = !holds(nodes, n) && holds(graph.nodes[n].inputs, id);
    }
    if (used && id != TENON_NO_ID) out.outputs.push_back(map[id]);
  }
  return out;
}

std::unique_ptr<tenon_host_session> make_host_session(Host& host, const GraphSpec& graph) {
  auto out = std::make_unique<tenon_host_session>();
  out->host = &host;
  for (uint32_t i = 0; i < graph.values.size(); ++i) {
    const ValueSpec& v = graph.values[i];
    if (!v.constant) continue;
    const uint32_t id = v.const_id == TENON_NO_ID ? kFirstConstant + i : v.const_id;
    out->weights[id] = {v.constant->dtype, v.constant->dims, v.constant->bytes, {}};
  }
  return out;
}

namespace {

/// Whether a path leaves the region and comes back: then no order of running exists.
bool is_convex(const GraphSpec& graph, const std::vector<uint32_t>& nodes) {
  std::vector<bool> reached(graph.values.size());  // values that depend on the region through a node outside of it
  std::vector<bool> inside(graph.values.size());
  for (uint32_t n = 0; n < graph.nodes.size(); ++n) {
    const NodeSpec& node = graph.nodes[n];
    const bool member = holds(nodes, n);
    bool from_region = false;
    bool from_reached = false;
    for (const uint32_t id : node.inputs) {
      if (id == TENON_NO_ID) continue;
      from_region = from_region || inside[id];
      from_reached = from_reached || reached[id];
    }
    if (member && from_reached) return false;
    for (const uint32_t id : node.outputs) {
      if (id == TENON_NO_ID) continue;
      if (member)
        inside[id] = true;
      else
        reached[id] = from_region || from_reached;
    }
  }
  return true;
}

std::optional<ClaimError> rule_error(const GraphSpec& graph, const ClaimCopy& claim, const tenon_device& device,
                                     const tenon_value_rule& r) {
  const auto error = [&](uint32_t rule, const auto&... parts) {
    return ClaimError{rule, plugin::cat("claim ", claim.id, ": its rule for value ", r.value, " ", parts...)};
  };
  if (r.value >= graph.values.size()) return error(6, "names no value of the graph");
  const ValueSpec& v = graph.values[r.value];
  const GraphSpec region = make_region(graph, claim);
  const auto at_border = [&](const std::vector<uint32_t>& ids) {
    return std::any_of(ids.begin(), ids.end(), [&](uint32_t id) { return region.values[id].origin == r.value; });
  };
  if (!at_border(region.inputs) && !at_border(region.outputs)) return error(6, "is not at the region's border");
  if (r.align != 0 && (r.align & (r.align - 1)) != 0) return error(9, "asks for alignment ", r.align);
  if ((r.flags & ~(TENON_RULE_STRIDED | TENON_RULE_CONST_NEEDED)) != 0) return error(6, "has unknown flags ", r.flags);
  if ((r.flags & TENON_RULE_CONST_NEEDED) != 0 && !v.constant) return error(6, "needs a constant, and it is none");
  if (device.nmemory_kinds < 32 && (r.memory_mask >> device.nmemory_kinds) != 0) {
    return error(9, "names memory kinds ", r.memory_mask, ", the device has ", device.nmemory_kinds);
  }
  if (r.layout.kind > TENON_LAYOUT_OPAQUE) return error(9, "has an unknown layout kind ", r.layout.kind);
  if (r.layout.kind == TENON_LAYOUT_BLOCKED && (r.layout.block == 0 || r.layout.axis >= v.dims.size())) {
    return error(9, "blocks axis ", r.layout.axis, " by ", r.layout.block, " of a value of rank ", v.dims.size());
  }
  if ((r.flags & TENON_RULE_STRIDED) != 0 && r.layout.kind != TENON_LAYOUT_DENSE) {
    return error(9, "is strided and not dense");
  }
  return std::nullopt;
}

}  // namespace

std::optional<ClaimError> claim_error(const GraphSpec& graph, const ClaimCopy& claim, const tenon_device& device) {
  const auto error = [&](uint32_t rule, const auto&... parts) {
    return ClaimError{rule, plugin::cat("claim ", claim.id, " ", parts...)};
  };
  if (claim.size < sizeof(tenon_claim)) return error(2, "has size ", claim.size, ", expected ", sizeof(tenon_claim));
  if (claim.nodes.empty()) return error(6, "holds no node");
  std::vector<uint32_t> seen;
  for (const uint32_t n : claim.nodes) {
    if (n >= graph.nodes.size()) return error(6, "holds node ", n, ", the graph has ", graph.nodes.size());
    if (holds(seen, n)) return error(6, "holds node ", n, " twice");
    seen.push_back(n);
  }
  if (!is_convex(graph, claim.nodes)) return error(6, "is not convex: a path leaves its region and comes back");
  if (claim.device != device.id) return error(6, "is for device ", claim.device, ", the session's is ", device.id);
  if (claim.estimate > TENON_ESTIMATE_MEASURED) return error(6, "has an unknown estimate kind ", claim.estimate);
  seen.clear();
  for (const tenon_value_rule& r : claim.rules) {
    if (const auto wrong = rule_error(graph, claim, device, r)) return wrong;
    if (holds(seen, r.value)) return error(6, "has two rules for value ", r.value);
    seen.push_back(r.value);
  }
  return std::nullopt;
}

}  // namespace tenon::conform
