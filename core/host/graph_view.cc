// SPDX-License-Identifier: Apache-2.0
#include "core/host/graph_view.hpp"

#include <algorithm>
#include <unordered_set>

#include "core/base/checked.hpp"
#include "core/host/provider.hpp"
#include "core/host/weights.hpp"

namespace tenon {
namespace {

constexpr size_t kFew = 16;  // below, looking along a list beats a hash table

constexpr uint64_t kMaxAttributeBytes = 64u << 20;  // of a splat that is spread out for an attribute

// Ids of a region, most of which are of one node.
class IdSet {
 public:
  bool insert(uint32_t id) {
    if (contains(id)) {
      return false;
    }
    if (few_.size() < kFew) {
      few_.push_back(id);
    } else {
      many_.insert(id);
    }
    return true;
  }
  bool contains(uint32_t id) const {
    return std::find(few_.begin(), few_.end(), id) != few_.end() || (!many_.empty() && many_.contains(id));
  }

 private:
  std::vector<uint32_t> few_;
  std::unordered_set<uint32_t> many_;
};

template <typename T>
uint32_t count32(const T& list) {
  return static_cast<uint32_t>(list.size());
}

// A node's inputs as dataflow: what its bodies capture counts.
std::vector<ValueId> all_inputs(const Node& node) {
  std::vector<ValueId> inputs = node.inputs;
  for (const auto& body : node.bodies) {
    for (const Capture& capture : body.second->captures) {
      inputs.push_back(capture.outer);
    }
  }
  return inputs;
}

Status attribute_tensor(Arena& arena, const Node& node, const Attribute& from, tenon_attribute* to) {
  const Constant& constant = *from.tensor;
  tenon_tensor* tensor = arena.make<tenon_tensor>();
  *tensor = tensor_of(constant);
  tensor->bytes = constant.full_bytes();
  if (constant.splat || reinterpret_cast<uintptr_t>(constant.data) % alignof(std::max_align_t) != 0) {
    if (constant.splat && tensor->bytes > kMaxAttributeBytes) {
      return Status(TENON_LIMIT, "attribute '" + from.name + "' of node '" + node.name + "' would take " +
                                     std::to_string(tensor->bytes) + " bytes, at most " +
                                     std::to_string(kMaxAttributeBytes) + " are allowed");
    }
    tensor->data = arena.allocate(tensor->bytes, alignof(std::max_align_t));
    copy_constant(constant, tensor->data);
  }
  to->tensor = tensor;
  return {};
}

}  // namespace

bool host_only(const Graph& graph, const Node& node) {
  const auto no_tensor = [&](ValueId id) {
    if (id == kNone) {
      return false;
    }
    const TypeKind kind = graph.values[id].type.kind;
    return kind != TypeKind::tensor && kind != TypeKind::none;
  };
  return !node.bodies.empty() || std::any_of(node.inputs.begin(), node.inputs.end(), no_tensor) ||
         std::any_of(node.outputs.begin(), node.outputs.end(), no_tensor);
}

tenon_tensor tensor_of(const Constant& constant) {
  tenon_tensor tensor{};
  tensor.size = sizeof tensor;
  tensor.dtype = constant.dtype;
  tensor.rank = count32(constant.dims);
  tensor.dims = constant.dims.empty() ? nullptr : constant.dims.data();
  tensor.bytes = constant.bytes;
  tensor.data = constant.splat ? nullptr : const_cast<std::byte*>(constant.data);
  return tensor;
}

Result<std::span<const tenon_attribute>> make_attributes(Arena& arena, const Node& node) {
  tenon_attribute* records = arena.make<tenon_attribute>(node.attributes.size());
  size_t n = 0;
  for (const Attribute& from : node.attributes) {
    tenon_attribute& to = records[n];
    to = {};
    to.name = abi_string(from.name);
    to.type = from.type;
    to.count = 1;
    switch (from.type) {
      case TENON_ATTR_FLOAT:
        to.f = static_cast<double>(from.f);
        break;
      case TENON_ATTR_INT:
        to.i = from.i;
        break;
      case TENON_ATTR_STRING:
        to.s = abi_string(from.s);
        break;
      case TENON_ATTR_FLOATS:
        to.floats = from.floats.data();
        to.count = count32(from.floats);
        break;
      case TENON_ATTR_INTS:
        to.ints = from.ints.data();
        to.count = count32(from.ints);
        break;
      case TENON_ATTR_STRINGS: {
        tenon_string* strings = arena.make<tenon_string>(from.strings.size());
        std::transform(from.strings.begin(), from.strings.end(), strings,
                       [](const std::string& s) { return abi_string(s); });
        to.strings = strings;
        to.count = count32(from.strings);
        break;
      }
      case TENON_ATTR_TENSOR:
        if (from.tensor == nullptr) {
          continue;
        }
        TENON_RETURN_IF_ERROR(attribute_tensor(arena, node, from, &to));
        break;
      default:
        continue;  // types and sparse tensors have no place in the ABI; nodes that need them are the host's
    }
    ++n;
  }
  return std::span<const tenon_attribute>(records, n);
}

void describe_type(Arena& arena, const Type& type, tenon_graph_value* to) {
  to->dtype = TENON_UNDEFINED;
  to->rank = TENON_UNKNOWN_RANK;
  if (type.kind != TypeKind::tensor) {
    return;
  }
  to->dtype = type.dtype;
  if (!type.shape.has_value()) {
    return;
  }
  const std::vector<Dim>& shape = *type.shape;
  int64_t* dims = arena.make<int64_t>(shape.size());
  uint32_t* symbols = nullptr;
  for (size_t i = 0; i < shape.size(); ++i) {
    dims[i] = shape[i].known() ? shape[i].size : TENON_UNKNOWN_DIM;
    if (shape[i].symbol != 0) {
      symbols = symbols == nullptr ? arena.make<uint32_t>(shape.size()) : symbols;
      symbols[i] = shape[i].symbol;
    }
  }
  to->rank = count32(shape);
  to->dims = dims;
  to->symbols = symbols;
}

uint32_t GraphView::find_value(ValueId id) const {
  if (!local_values_.empty()) {
    return local_values_[id];
  }
  if (region_values_.empty()) {
    const auto at = std::find(value_ids_.begin(), value_ids_.end(), id);
    return at == value_ids_.end() ? TENON_NO_ID : static_cast<uint32_t>(at - value_ids_.begin());
  }
  const auto at = region_values_.find(id);
  return at == region_values_.end() ? TENON_NO_ID : at->second;
}

void GraphView::note_value(ValueId id, uint32_t local) {
  value_ids_.push_back(id);
  if (!local_values_.empty()) {
    local_values_[id] = local;
  } else if (!region_values_.empty()) {
    region_values_.emplace(id, local);
  } else if (value_ids_.size() > kFew) {
    for (uint32_t i = 0; i < value_ids_.size(); ++i) {
      region_values_.emplace(value_ids_[i], i);
    }
  }
}

uint32_t GraphView::add_value(ValueId id) {
  if (id == kNone) {
    return TENON_NO_ID;
  }
  if (const uint32_t local = find_value(id); local != TENON_NO_ID) {
    return local;
  }
  const Value& value = graph_->values[id];
  tenon_graph_value record{};
  record.id = count32(values_);
  record.origin = record.id;
  record.name = abi_string(value.name);
  record.const_id = value.constant;
  describe_type(arena_, value.type, &record);
  values_.push_back(record);
  note_value(id, record.id);
  return record.id;
}

Status GraphView::add_node(NodeId id) {
  const Node& node = graph_->nodes[id];
  const std::vector<ValueId> reads = all_inputs(node);
  uint32_t* inputs = arena_.make<uint32_t>(reads.size());
  uint32_t* outputs = arena_.make<uint32_t>(node.outputs.size());
  std::transform(reads.begin(), reads.end(), inputs, [this](ValueId v) { return add_value(v); });
  std::transform(node.outputs.begin(), node.outputs.end(), outputs, [this](ValueId v) { return add_value(v); });
  TENON_ASSIGN_OR_RETURN(const auto attributes, make_attributes(arena_, node));
  tenon_node record{};
  record.id = count32(nodes_);
  record.origin = record.id;
  record.domain = abi_string(node.domain);
  record.op = abi_string(node.op);
  record.form = node.form;
  record.name = abi_string(node.name);
  record.inputs = inputs;
  record.ninputs = count32(reads);
  record.outputs = outputs;
  record.noutputs = count32(node.outputs);
  record.attributes = attributes.data();
  record.nattributes = count32(attributes);
  record.attribute_stride = sizeof(tenon_attribute);
  if (!local_nodes_.empty()) {
    local_nodes_[id] = record.id;
  }
  nodes_.push_back(record);
  node_ids_.push_back(id);
  return {};
}

void GraphView::finish(const std::vector<uint32_t>& inputs, const std::vector<uint32_t>& outputs,
                       const GraphView* queried) {
  if (queried != nullptr) {
    for (tenon_node& node : nodes_) {
      node.origin = queried->local_node(node_ids_[node.id]);
    }
    for (tenon_graph_value& value : values_) {
      value.origin = queried->local_value(value_ids_[value.id]);
    }
  }
  raw_.size = sizeof raw_;
  raw_.nodes = nodes_.data();
  raw_.nnodes = count32(nodes_);
  raw_.node_stride = sizeof(tenon_node);
  raw_.values = values_.data();
  raw_.nvalues = count32(values_);
  raw_.value_stride = sizeof(tenon_graph_value);
  raw_.inputs = arena_.copy(inputs);
  raw_.ninputs = count32(inputs);
  raw_.outputs = arena_.copy(outputs);
  raw_.noutputs = count32(outputs);
}

Result<GraphView> GraphView::whole(const Graph& graph) {
  GraphView view;
  view.graph_ = &graph;
  view.local_nodes_.assign(graph.nodes.size(), TENON_NO_ID);
  view.local_values_.assign(graph.values.size(), TENON_NO_ID);
  view.nodes_.reserve(graph.order.size());
  view.node_ids_.reserve(graph.order.size());
  view.values_.reserve(graph.values.size());
  view.value_ids_.reserve(graph.values.size());
  std::vector<uint32_t> inputs, outputs;
  for (ValueId id : graph.inputs) {
    inputs.push_back(view.add_value(id));
  }
  for (const Capture& capture : graph.captures) {
    const uint32_t local = view.add_value(capture.inner);
    view.values_[local].flags |= TENON_VALUE_CAPTURED;
    inputs.push_back(local);
  }
  for (NodeId id : graph.order) {
    TENON_RETURN_IF_ERROR(view.add_node(id));
  }
  view.is_output_.assign(graph.values.size(), false);
  for (ValueId id : graph.outputs) {
    outputs.push_back(view.add_value(id));
    view.is_output_[id] = true;
  }
  view.finish(inputs, outputs, nullptr);
  return view;
}

RegionBorder region_border(const GraphView& whole, std::span<const NodeId> nodes) {
  const Graph& graph = whole.graph();
  IdSet inside, seen;
  for (NodeId id : nodes) {
    inside.insert(id);
  }
  RegionBorder border;
  for (NodeId id : nodes) {
    for (ValueId value : graph.nodes[id].inputs) {
      const bool from_outside =
          value != kNone && (graph.values[value].producer == kNone || !inside.contains(graph.values[value].producer));
      if (from_outside && seen.insert(value)) {
        border.inputs.push_back(value);
      }
    }
    for (ValueId value : graph.nodes[id].outputs) {
      if (value == kNone) {
        continue;
      }
      const auto& users = graph.values[value].users;
      const auto is_outside = [&](NodeId user) { return !inside.contains(user); };
      if (whole.is_output(value) || std::any_of(users.begin(), users.end(), is_outside)) {
        border.outputs.push_back(value);
      }
    }
  }
  return border;
}

Result<GraphView> GraphView::region(const GraphView& queried, std::span<const NodeId> nodes) {
  GraphView view;
  view.graph_ = &queried.graph();
  const RegionBorder border = region_border(queried, nodes);
  std::vector<uint32_t> inputs, outputs;
  for (ValueId id : border.inputs) {
    inputs.push_back(view.add_value(id));
  }
  for (NodeId id : nodes) {
    TENON_RETURN_IF_ERROR(view.add_node(id));
  }
  for (ValueId id : border.outputs) {
    outputs.push_back(view.add_value(id));
  }
  view.finish(inputs, outputs, &queried);
  return view;
}

}  // namespace tenon
