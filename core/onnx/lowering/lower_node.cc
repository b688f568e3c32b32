// SPDX-License-Identifier: Apache-2.0
// One node, and all of a model's, down to the targets' opsets: the rule, then what every operator has in common.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/ir/copy_node.hpp"
#include "core/onnx/lowering/rules.hpp"

namespace tenon::lowering {
namespace {

using onnx_facts::AttributeSpec;
using onnx_facts::Formal;
using onnx_facts::Operator;

constexpr uint32_t kNegativeAxes = 11;  // the opset from which an axis may count from the end
constexpr size_t kMostNamed = 3;        // nodes in one error

Rule find_rule(std::string_view domain, std::string_view op) {
  static const std::unordered_map<std::string_view, Rule> onnx_rules = {
#define LOWER(op, function) {#op, function},
#define LOWER_ML(op, function)
#include "core/onnx/lowering/rules.def"
#undef LOWER
#undef LOWER_ML
  };
  static const std::unordered_map<std::string_view, Rule> ml_rules = {
#define LOWER(op, function)
#define LOWER_ML(op, function) {#op, function},
#include "core/onnx/lowering/rules.def"
#undef LOWER
#undef LOWER_ML
  };
  const auto& rules = domain == "ai.onnx" ? onnx_rules : ml_rules;
  const auto it = domain == "ai.onnx" || domain == "ai.onnx.ml" ? rules.find(op) : rules.end();
  return it == rules.end() ? nullptr : it->second;
}

// Values of attributes that came with an opset of ai.onnx; schemas don't tell.
struct LaterValue {
  std::string_view op, attribute, value;
  uint32_t since;
};
constexpr LaterValue kLaterValues[] = {
    {"Pad", "mode", "wrap", 19},
    {"Resize", "coordinate_transformation_mode", "half_pixel_symmetric", 19},
    {"ScatterElements", "reduction", "max", 18},
    {"ScatterElements", "reduction", "min", 18},
    {"ScatterND", "reduction", "max", 18},
    {"ScatterND", "reduction", "min", 18},
};

bool same_value(const Attribute& a, const Attribute& b) {
  return a.type == b.type && a.i == b.i && a.f == b.f && a.s == b.s && a.ints == b.ints && a.floats == b.floats &&
         a.strings == b.strings && a.tensor == nullptr && b.tensor == nullptr && a.type_value == nullptr &&
         b.type_value == nullptr;
}

bool is_default(const Attribute& attribute, const Operator& op) {
  const AttributeSpec* spec = op.attribute(attribute.name);
  return spec != nullptr && spec->has_default && same_value(attribute, spec->value);
}

// Whether an attribute without a default says what its absence does.
bool says_nothing(const Attribute& attribute) {
  return attribute.name == "dilations" &&
         std::all_of(attribute.ints.begin(), attribute.ints.end(), [](int64_t dilation) { return dilation == 1; });
}

std::string opset_text(const Operator& op, uint32_t opset) {
  return "opset " + std::to_string(opset) + (op.domain == "ai.onnx" ? std::string() : " of " + op.domain);
}

// Attributes that the older version lacks: gone where they say what it does anyway.
Status drop_later_attributes(const Operator& current, const Operator& target, uint32_t opset, Node* node) {
  for (const LaterValue& later : kLaterValues) {
    if (node->is(later.op) && opset < later.since && node->string_or(later.attribute, "") == later.value) {
      return Status(TENON_UNSUPPORTED, std::string(later.attribute) + " = " + std::string(later.value) +
                                           " came with opset " + std::to_string(later.since));
    }
  }
  for (size_t i = node->attributes.size(); i-- > 0;) {
    const Attribute& attribute = node->attributes[i];
    if (target.attribute(attribute.name) != nullptr) {
      continue;
    }
    if (!is_default(attribute, current) && !says_nothing(attribute)) {
      return Status(TENON_UNSUPPORTED, "its attribute '" + attribute.name + "' is not in " + opset_text(target, opset));
    }
    node->attributes.erase(node->attributes.begin() + static_cast<ptrdiff_t>(i));
  }
  return {};
}

// What the schema would fill in need not be written.
void drop_defaults(const Operator& target, Node* node) {
  std::erase_if(node->attributes, [&](const Attribute& attribute) { return is_default(attribute, target); });
}

// Axes counted from the front, where the rank is known.
void count_axes_from_the_front(const Graph& graph, Node* node) {
  if (node->inputs.empty() || node->inputs[0] == kNone) {
    return;
  }
  const Type& type = graph.values[node->inputs[0]].type;
  if (!type.is_tensor() || !type.shape) {
    return;
  }
  const auto rank = static_cast<int64_t>(type.shape->size());
  for (Attribute& attribute : node->attributes) {
    if (attribute.name == "axis" && attribute.i < 0) {
      attribute.i += rank;
    } else if (attribute.name == "axes") {
      const int64_t added = node->is("Unsqueeze") ? static_cast<int64_t>(attribute.ints.size()) : 0;
      for (int64_t& axis : attribute.ints) {
        axis += axis < 0 ? rank + added : 0;
      }
    }
  }
}

Status check_types_at(const Graph& graph, const Operator& target, const Node& node) {
  std::vector<onnx_facts::InferInput> inputs(node.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].type = node.inputs[i] == kNone ? nullptr : &graph.values[node.inputs[i]].type;
  }
  std::vector<const Type*> bound;
  TENON_RETURN_IF_ERROR(onnx_facts::check_types(target, node, inputs, &bound));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const Formal* formal = target.output(i);
    const Type* type = node.outputs[i] == kNone ? nullptr : &graph.values[node.outputs[i]].type;
    if (formal == nullptr || type == nullptr || !type->known() || target.type_sets[formal->type_set].contains(*type)) {
      continue;
    }
    return Status(TENON_UNSUPPORTED, "output '" + formal->name + "' is a " + onnx_facts::type_text(*type) +
                                         ", expected one of " + target.type_sets[formal->type_set].text);
  }
  return {};
}

// Holds the node against the older version of its operator.
Status fit(const Graph& graph, const Operator& current, const Operator& target, uint32_t opset, Node* node) {
  TENON_RETURN_IF_ERROR(drop_later_attributes(current, target, opset, node));
  if (target.domain == "ai.onnx" && opset < kNegativeAxes) {
    count_axes_from_the_front(graph, node);
  }
  while (!node->outputs.empty() && node->outputs.back() == kNone && node->outputs.size() > target.min_outputs) {
    node->outputs.pop_back();
  }
  Status status = onnx_facts::check_and_complete(target, node);
  status = status.ok() ? check_types_at(graph, target, *node) : status;
  if (!status.ok()) {
    return Status(TENON_UNSUPPORTED, opset_text(target, opset) + " does not allow it: " + status.message());
  }
  drop_defaults(target, node);
  node->form = target.form;
  return {};
}

bool has_bodies(const Operator& op) {
  return std::any_of(op.attributes.begin(), op.attributes.end(),
                     [](const AttributeSpec& spec) { return spec.value.type == onnx_facts::kAttrGraph; });
}

Node without_bodies(const Node& node) {
  Node copy = copy_operator(node);
  copy.inputs = node.inputs;
  copy.outputs = node.outputs;
  copy.origins = node.origins;
  return copy;
}

// What changed that a reader of the file would call another node.
bool differs(const Node& before, const std::vector<Node>& after) {
  return after.size() != 1 || after[0].op != before.op || after[0].form != before.form;
}

// What lowering left without a reader.
void drop_unread(Graph* graph) {
  std::vector<uint8_t> read(graph->values.size(), 0);
  for (const ValueId id : graph->outputs) {
    read[id] = 1;
  }
  std::vector<NodeId> kept;
  for (auto it = graph->order.rbegin(); it != graph->order.rend(); ++it) {
    const Node& node = graph->nodes[*it];
    const bool needed =
        std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return id != kNone && read[id] != 0; });
    if (!needed) {
      continue;
    }
    kept.push_back(*it);
    for (const ValueId id : node.inputs) {
      if (id != kNone) {
        read[id] = 1;
      }
    }
    for (const auto& [name, body] : node.bodies) {
      for (const Capture& capture : body->captures) {
        read[capture.outer] = 1;
      }
    }
  }
  graph->order.assign(kept.rbegin(), kept.rend());
}

struct Refused {
  std::string path, title, why;
};

Status refusal(const std::vector<Refused>& nodes, uint32_t opset) {
  std::string text = "can't be written for opset " + std::to_string(opset) + ": ";
  for (size_t i = 0; i < std::min(nodes.size(), kMostNamed); ++i) {
    text += (i == 0 ? "" : "; ") + nodes[i].path + " (" + nodes[i].title + "): " + nodes[i].why;
  }
  if (nodes.size() > kMostNamed) {
    text += "; and " + std::to_string(nodes.size() - kMostNamed) + " more nodes";
  }
  return Status(TENON_UNSUPPORTED, text).with_node(nodes[0].path, nodes[0].title);
}

}  // namespace

Status lower_node(Graph* graph, const Node& node, const Targets& targets, std::vector<Node>* out) {
  const Operator* current = onnx_facts::current_operator(node.domain, node.op);
  if (current == nullptr) {
    out->push_back(without_bodies(node));
    return {};
  }
  const uint32_t opset = targets.opset_of(node.domain);
  const Operator* target = onnx_facts::find_operator(node.domain, node.op, opset);
  Lower lower(graph, without_bodies(node), targets, out);
  lower.form = target == nullptr ? 0 : target->form;
  lower.opset = opset;
  const Rule rule = target == current ? nullptr : find_rule(node.domain, node.op);
  if (rule != nullptr) {
    TENON_RETURN_IF_ERROR(rule(lower));
    if (lower.node.op != node.op) {
      current = onnx_facts::current_operator(node.domain, lower.node.op);
      if (current == nullptr) {
        return Status(TENON_INTERNAL, "a rewrite makes the unknown operator " + lower.node.op);
      }
      if (!current->gone && !lower.final) {
        return lower_node(graph, lower.node, targets, out);
      }
      target = onnx_facts::find_operator(node.domain, lower.node.op, opset);
    }
  }
  if (target == nullptr) {
    return Status(TENON_UNSUPPORTED, "there is no " + lower.node.op + " in " + opset_text(*current, opset));
  }
  if (rule == nullptr && target->form != node.form) {
    return Status(TENON_UNSUPPORTED,
                  opset_text(*current, opset) + " has another form of " + node.op + ", and there is no way back to it");
  }
  if (has_bodies(*target)) {
    lower.node.form = target->form;
    TENON_RETURN_IF_ERROR(drop_later_attributes(*current, *target, opset, &lower.node));
    drop_defaults(*target, &lower.node);
  } else {
    TENON_RETURN_IF_ERROR(fit(*graph, *current, *target, opset, &lower.node));
  }
  out->push_back(std::move(lower.node));
  return {};
}

Status can_lower(Graph* graph, const Node& node, const Targets& targets) {
  const size_t values = graph->values.size();
  const size_t constants = graph->model->constants.size();
  std::vector<Node> out;
  const Status status = lower_node(graph, node, targets, &out);
  for (size_t id = values; id < graph->values.size(); ++id) {
    graph->values[id].constant = kNone;
    graph->values[id].live = false;
  }
  graph->model->constants.resize(constants);
  return status;
}

Status lower_model(Model* model, const Targets& targets, std::map<std::string, uint64_t>* changed) {
  std::vector<Refused> refused;
  Status failure;
  for_each_graph(*model->graph, [&](Graph& graph) {
    for (const NodeId id : std::vector<NodeId>(graph.order)) {
      std::vector<Node> lowered;
      const Status status = lower_node(&graph, graph.nodes[id], targets, &lowered);
      if (!status.ok()) {
        failure = status.code() == TENON_UNSUPPORTED ? failure : status;
        const Node& node = graph.nodes[id];
        refused.push_back({graph.path_of(id), node.domain + "." + node.op, status.message()});
        continue;
      }
      if (changed != nullptr && differs(graph.nodes[id], lowered)) {
        ++(*changed)[graph.nodes[id].op];
      }
      for (size_t i = 0; i + 1 < lowered.size(); ++i) {
        graph.add_node(std::move(lowered[i]), id);
      }
      Node& node = graph.nodes[id];
      node.op = std::move(lowered.back().op);
      node.form = lowered.back().form;
      node.attributes = std::move(lowered.back().attributes);
      node.inputs = std::move(lowered.back().inputs);
      node.outputs = std::move(lowered.back().outputs);
    }
  });
  TENON_RETURN_IF_ERROR(failure);
  for_each_graph(*model->graph, [](Graph& graph) { drop_unread(&graph); });
  return refused.empty() ? Status() : refusal(refused, targets.opset_of("ai.onnx"));
}

}  // namespace tenon::lowering
