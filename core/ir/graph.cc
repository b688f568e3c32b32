// SPDX-License-Identifier: Apache-2.0
// Lookups and edits of the IR.
#include "core/ir/graph.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/base/hash.hpp"

namespace tenon {

// ---- Node ----

const Attribute* Node::attribute(std::string_view attribute_name) const {
  for (const Attribute& attribute : attributes) {
    if (attribute.name == attribute_name) {
      return &attribute;
    }
  }
  return nullptr;
}

namespace {

constexpr uint32_t kFloat = 1, kInt = 2, kString = 3, kInts = 7;  // TENON_ATTR_*; core/ir needs no provider header

Attribute& attribute_to_set(Node& node, std::string_view name, uint32_t type) {
  for (Attribute& attribute : node.attributes) {
    if (attribute.name == name) {
      attribute = Attribute{};
      attribute.name = name;
      attribute.type = type;
      return attribute;
    }
  }
  Attribute& attribute = node.attributes.emplace_back();
  attribute.name = name;
  attribute.type = type;
  return attribute;
}

const Attribute* typed_attribute(const Node& node, std::string_view name, uint32_t type) {
  const Attribute* attribute = node.attribute(name);
  return attribute != nullptr && attribute->type == type ? attribute : nullptr;
}

}  // namespace

int64_t Node::int_or(std::string_view attribute_name, int64_t fallback) const {
  const Attribute* attribute = typed_attribute(*this, attribute_name, kInt);
  return attribute ? attribute->i : fallback;
}

float Node::float_or(std::string_view attribute_name, float fallback) const {
  const Attribute* attribute = typed_attribute(*this, attribute_name, kFloat);
  return attribute ? attribute->f : fallback;
}

std::string Node::string_or(std::string_view attribute_name, std::string_view fallback) const {
  const Attribute* attribute = typed_attribute(*this, attribute_name, kString);
  return attribute ? attribute->s : std::string(fallback);
}

std::vector<int64_t> Node::ints_or(std::string_view attribute_name, std::vector<int64_t> fallback) const {
  const Attribute* attribute = typed_attribute(*this, attribute_name, kInts);
  return attribute ? attribute->ints : fallback;
}

Graph* Node::body(std::string_view attribute_name) const {
  for (const auto& [name_of_body, graph] : bodies) {
    if (name_of_body == attribute_name) {
      return graph.get();
    }
  }
  return nullptr;
}

void Node::set_int(std::string_view attribute_name, int64_t value) {
  attribute_to_set(*this, attribute_name, kInt).i = value;
}
void Node::set_ints(std::string_view attribute_name, std::vector<int64_t> value) {
  attribute_to_set(*this, attribute_name, kInts).ints = std::move(value);
}
void Node::set_float(std::string_view attribute_name, float value) {
  attribute_to_set(*this, attribute_name, kFloat).f = value;
}
void Node::set_string(std::string_view attribute_name, std::string value) {
  attribute_to_set(*this, attribute_name, kString).s = std::move(value);
}
void Node::erase_attribute(std::string_view attribute_name) {
  std::erase_if(attributes, [&](const Attribute& attribute) { return attribute.name == attribute_name; });
}

// ---- Names ----

// False: somebody has it.
bool Graph::take_name(Names& names, std::string_view wanted) {
  std::vector<uint64_t>& table = names.taken;
  const auto place = [&table](uint64_t hash) {
    size_t at = (hash >> 1) & (table.size() - 1);  // bit 0 is the same in all
    while (table[at] != 0 && table[at] != hash) {
      at = (at + 1) & (table.size() - 1);
    }
    return at;
  };
  if (names.count * 2 >= table.size()) {
    const std::vector<uint64_t> old =
        std::exchange(table, std::vector<uint64_t>(std::max<size_t>(64, table.size() * 2)));
    for (uint64_t hash : old) {
      if (hash != 0) {
        table[place(hash)] = hash;
      }
    }
  }
  const uint64_t hash = hash_bytes(wanted.data(), wanted.size()).low | 1;  // 0 marks a free place
  uint64_t& entry = table[place(hash)];
  if (entry != 0) {
    return false;
  }
  entry = hash;
  ++names.count;
  return true;
}

std::string Graph::unique_name(Names& names, std::string_view wanted) {
  std::string name(wanted);
  if (take_name(names, name)) {
    return name;
  }
  uint32_t& suffix = names.next_suffix[name];
  do {
    name = std::string(wanted) + "_" + std::to_string(++suffix);
  } while (!take_name(names, name));
  return name;
}

std::string Graph::unique_value_name(std::string_view wanted) {
  for (; value_names_.seen < values.size(); ++value_names_.seen) {
    take_name(value_names_, values[value_names_.seen].name);
  }
  return unique_name(value_names_, wanted.empty() ? "value" : wanted);
}

std::string Graph::unique_node_name(std::string_view wanted) {
  for (; node_names_.seen < nodes.size(); ++node_names_.seen) {
    take_name(node_names_, nodes[node_names_.seen].name);
  }
  return unique_name(node_names_, wanted.empty() ? "node" : wanted);
}

// ---- Values ----

ValueId Graph::add_value(std::string value_name, Type type) {
  Value value;
  value.name = unique_value_name(value_name);
  value.type = std::move(type);
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::add_constant(std::string value_name, ConstantPtr constant) {
  std::vector<Dim> dims;
  for (int64_t size : constant->dims) {
    dims.push_back(Dim{size, 0});
  }
  const ValueId id = add_value(std::move(value_name), Type::tensor(constant->dtype, std::move(dims)));
  values[id].shape_class = ShapeClass::fixed;
  values[id].constant = model->add_constant(std::move(constant));
  return id;
}

void Graph::erase_value(ValueId id) {
  Value& value = values[id];
  assert(value.users.empty() && value.producer == kNone && !is_graph_output(id) && !is_graph_input(id));
  value.live = false;
  value.constant = kNone;
}

ValueId Graph::capture(ValueId outer) {
  assert(parent != nullptr);
  for (const Capture& existing : captures) {
    if (existing.outer == outer) {
      return existing.inner;
    }
  }
  const ValueId inner = add_value(parent->values[outer].name, parent->values[outer].type);
  values[inner].shape_class = parent->values[outer].shape_class;
  captures.push_back(Capture{outer, inner});
  parent->values[outer].users.push_back(parent_node);
  return inner;
}

bool Graph::is_graph_output(ValueId id) const { return std::find(outputs.begin(), outputs.end(), id) != outputs.end(); }
bool Graph::is_graph_input(ValueId id) const { return std::find(inputs.begin(), inputs.end(), id) != inputs.end(); }

const Constant* Graph::constant_of(ValueId id) const {
  if (id == kNone || values[id].constant == kNone) {
    return nullptr;
  }
  return model->constants[values[id].constant].get();
}

// ---- Edits ----

size_t Graph::position_of(NodeId id) {
  position_hint_.resize(nodes.size(), 0);
  // Edits move a node by a few places between two look-ups: look around the place it had.
  const size_t size = order.size();
  const size_t hint = std::min<size_t>(position_hint_[id], size == 0 ? 0 : size - 1);
  for (size_t distance = 0; distance < size; ++distance) {
    if (hint + distance < size && order[hint + distance] == id) {
      position_hint_[id] = static_cast<uint32_t>(hint + distance);
      return hint + distance;
    }
    if (distance <= hint && order[hint - distance] == id) {
      position_hint_[id] = static_cast<uint32_t>(hint - distance);
      return hint - distance;
    }
  }
  assert(false && "a live node stands in order");
  return size;
}

void Graph::drop_use(ValueId value, NodeId user) {
  // Passes erase users before producers, so the use is near the end.
  std::vector<NodeId>& users = values[value].users;
  const auto it = std::find(users.rbegin(), users.rend(), user);
  assert(it != users.rend());
  users.erase(std::next(it).base());
}

NodeId Graph::add_node(Node node, NodeId before) {
  const auto id = static_cast<NodeId>(nodes.size());
  node.name = unique_node_name(node.name.empty() ? node.op : node.name);
  node.live = true;
  for (ValueId input : node.inputs) {
    if (input != kNone) {
      values[input].users.push_back(id);
    }
  }
  for (uint32_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] != kNone) {
      Value& value = values[node.outputs[i]];
      assert(value.producer == kNone && value.constant == kNone);
      value.producer = id;
      value.output_index = i;
    }
  }
  for (auto& [attribute_name, body] : node.bodies) {
    body->parent = this;
    body->parent_node = id;
    body->model = model;
    for (const Capture& capture : body->captures) {
      values[capture.outer].users.push_back(id);
    }
  }
  nodes.push_back(std::move(node));
  const size_t position = before == kNone ? order.size() : position_of(before);
  order.insert(order.begin() + static_cast<ptrdiff_t>(position), id);
  position_hint_.resize(nodes.size(), 0);
  position_hint_[id] = static_cast<uint32_t>(position);
  return id;
}

void Graph::detach(NodeId id) {
  Node& node = nodes[id];
  assert(node.live);
  for (ValueId input : node.inputs) {
    if (input != kNone) {
      drop_use(input, id);
    }
  }
  for (auto& [attribute_name, body] : node.bodies) {
    for (const Capture& capture : body->captures) {
      drop_use(capture.outer, id);
    }
  }
  for (ValueId output : node.outputs) {
    if (output != kNone) {
      values[output].producer = kNone;
      values[output].live = false;
    }
  }
  node.live = false;
  node.inputs.clear();
  node.outputs.clear();
  node.bodies.clear();
  node.attributes.clear();
}

void Graph::erase_node(NodeId id) {
  for ([[maybe_unused]] ValueId output : nodes[id].outputs) {
    assert(output == kNone || (values[output].users.empty() && !is_graph_output(output)));
  }
  const size_t position = position_of(id);
  detach(id);
  order.erase(order.begin() + static_cast<ptrdiff_t>(position));
}

void Graph::erase_nodes(const std::vector<NodeId>& ids) {
  if (ids.empty()) {
    return;
  }
  for (NodeId id : ids) {
    detach(id);
  }
  std::erase_if(order, [&](NodeId id) { return !nodes[id].live; });
}

void Graph::set_input(NodeId id, uint32_t index, ValueId value) {
  Node& node = nodes[id];
  const ValueId old = node.inputs[index];
  if (old == value) {
    return;
  }
  if (old != kNone) {
    drop_use(old, id);
  }
  node.inputs[index] = value;
  if (value != kNone) {
    values[value].users.push_back(id);
  }
}

void Graph::drop_output(NodeId id, uint32_t index) {
  std::vector<ValueId>& made = nodes[id].outputs;
  Value& value = values[made[index]];
  assert(value.users.empty());
  value.producer = kNone;
  value.live = false;
  made[index] = kNone;
  while (!made.empty() && made.back() == kNone) {
    made.pop_back();
  }
}

void Graph::erase_capture(size_t index) {
  parent->drop_use(captures[index].outer, parent_node);
  captures.erase(captures.begin() + static_cast<ptrdiff_t>(index));
}

bool Graph::can_take_outputs(ValueId from, ValueId to) const {
  if (parent != nullptr || !is_graph_output(from)) {
    return true;
  }
  const Value& value = values[to];
  return (value.producer != kNone || value.constant != kNone) && !is_graph_output(to);
}

void Graph::replace_uses(ValueId from, ValueId to, bool outputs_too) {
  if (from == to) {
    return;
  }
  std::vector<NodeId> users = std::move(values[from].users);
  values[from].users.clear();
  std::vector<NodeId>& target = values[to].users;
  target.insert(target.end(), users.begin(), users.end());
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  for (NodeId user : users) {
    Node& node = nodes[user];
    std::replace(node.inputs.begin(), node.inputs.end(), from, to);
    for (auto& [attribute_name, body] : node.bodies) {
      for (Capture& capture : body->captures) {
        if (capture.outer == from) {
          capture.outer = to;
        }
      }
    }
  }
  if (outputs_too && is_graph_output(from)) {
    assert(can_take_outputs(from, to));
    std::replace(outputs.begin(), outputs.end(), from, to);
    if (parent == nullptr) {
      std::swap(values[from].name, values[to].name);
    }
  }
}

// ---- Rebuild ----

Status Graph::rebuild_uses() {
  for (Value& value : values) {
    value.users.clear();
    value.producer = kNone;
  }
  const auto known = [this](ValueId id) { return id < values.size() && values[id].live; };
  for (NodeId id = 0; id < nodes.size(); ++id) {
    const Node& node = nodes[id];
    if (!node.live) {
      continue;
    }
    for (ValueId input : node.inputs) {
      if (input != kNone && !known(input)) {
        return Status(TENON_INTERNAL, path_of(id) + " reads a value that does not exist");
      }
      if (input != kNone) {
        values[input].users.push_back(id);
      }
    }
    for (uint32_t i = 0; i < node.outputs.size(); ++i) {
      const ValueId output = node.outputs[i];
      if (output == kNone) {
        continue;
      }
      if (!known(output)) {
        return Status(TENON_INTERNAL, path_of(id) + " makes a value that does not exist");
      }
      Value& value = values[output];
      if (value.producer != kNone) {
        return Status(TENON_INVALID_MODEL, path_of(id) + ": value '" + value.name +
                                               "' is made by two nodes, the other is " + nodes[value.producer].name)
            .with_node(path_of(id), node.domain + "." + node.op)
            .with_value(value.name);
      }
      value.producer = id;
      value.output_index = i;
    }
    for (const auto& [attribute_name, body] : node.bodies) {
      for (const Capture& capture : body->captures) {
        if (!known(capture.outer)) {
          return Status(TENON_INTERNAL, path_of(id) + " captures a value that does not exist");
        }
        values[capture.outer].users.push_back(id);
      }
    }
  }
  return {};
}

Status Graph::rebuild_order() {
  enum : uint8_t { kUnseen, kOpen, kDone };
  std::vector<uint8_t> state(nodes.size(), kUnseen);
  std::vector<NodeId> roots;
  std::vector<uint8_t> listed(nodes.size(), 0);
  for (NodeId id : order) {
    if (id < nodes.size() && nodes[id].live && !listed[id]) {
      listed[id] = 1;
      roots.push_back(id);
    }
  }
  for (NodeId id = 0; id < nodes.size(); ++id) {
    if (nodes[id].live && !listed[id]) {
      roots.push_back(id);
    }
  }
  struct Frame {
    NodeId node;
    std::vector<ValueId> reads;
    size_t next = 0;
  };
  const auto reads_of = [this](NodeId id) {
    std::vector<ValueId> reads = nodes[id].inputs;
    for (const auto& [attribute_name, body] : nodes[id].bodies) {
      for (const Capture& capture : body->captures) {
        reads.push_back(capture.outer);
      }
    }
    return reads;
  };
  std::vector<NodeId> sorted;
  sorted.reserve(roots.size());
  std::vector<Frame> stack;  // not the call stack: a chain may be as long as the graph
  for (NodeId root : roots) {
    if (state[root] == kDone) {
      continue;
    }
    state[root] = kOpen;
    stack.push_back(Frame{root, reads_of(root)});
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next == frame.reads.size()) {
        state[frame.node] = kDone;
        sorted.push_back(frame.node);
        stack.pop_back();
        continue;
      }
      const ValueId read = frame.reads[frame.next++];
      const NodeId producer = read == kNone ? kNone : values[read].producer;
      if (producer == kNone || state[producer] == kDone) {
        continue;
      }
      if (state[producer] == kOpen) {
        return Status(TENON_INVALID_MODEL,
                      "the graph has a cycle through " + path_of(producer) + " and value '" + values[read].name + "'")
            .with_node(path_of(producer), nodes[producer].domain + "." + nodes[producer].op)
            .with_value(values[read].name);
      }
      state[producer] = kOpen;
      stack.push_back(Frame{producer, reads_of(producer)});
    }
  }
  order = std::move(sorted);
  return {};
}

Status Graph::rebuild() {
  TENON_RETURN_IF_ERROR(rebuild_uses());
  return rebuild_order();
}

std::string Graph::path_of(NodeId id) const {
  std::string base = "main";
  if (parent != nullptr) {
    base = parent->path_of(parent_node);
    for (const auto& [attribute_name, body] : parent->nodes[parent_node].bodies) {
      if (body.get() == this) {
        base += "." + attribute_name;
      }
    }
  }
  return base + "/" + (id < nodes.size() ? nodes[id].name : "?");
}

// ---- Model ----

void Model::read_symbols() {
  for (; symbols_seen_ < symbols.size(); ++symbols_seen_) {
    symbol_ids_.emplace(symbols[symbols_seen_], static_cast<SymbolId>(symbols_seen_));
  }
}

SymbolId Model::symbol(std::string_view symbol_name) {
  read_symbols();
  const auto [it, added] = symbol_ids_.emplace(symbol_name, static_cast<SymbolId>(symbols.size()));
  if (added) {
    symbols.emplace_back(symbol_name);
    symbols_seen_ = symbols.size();
  }
  return it->second;
}

SymbolId Model::fresh_symbol() {
  read_symbols();
  size_t number = symbols.size();
  while (symbol_ids_.contains("?" + std::to_string(number))) {
    ++number;
  }
  return symbol("?" + std::to_string(number));
}

ConstantId Model::add_constant(ConstantPtr constant) {
  constants.push_back(std::move(constant));
  return static_cast<ConstantId>(constants.size() - 1);
}

}  // namespace tenon
