// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/facts.hpp"

#include <algorithm>
#include <array>

#include "core/onnx/schema.hpp"

namespace tenon::onnx_facts {

bool known(std::string_view domain, std::string_view op) {
  const Operator* found = current_operator(domain, op);
  return found != nullptr && !found->gone;
}

uint32_t current_form(std::string_view domain, std::string_view op) {
  const Operator* found = current_operator(domain, op);
  return found == nullptr ? 0 : found->form;
}

bool arity(std::string_view domain, std::string_view op, Arity* out) {
  const Operator* found = current_operator(domain, op);
  if (found == nullptr) {
    return false;
  }
  *out = {found->min_inputs, found->max_inputs, found->min_outputs, found->max_outputs};
  return true;
}

bool nondeterministic(const Graph& graph, const Node& node) {
  constexpr std::array<std::string_view, 6> random = {"RandomNormal",      "RandomNormalLike", "RandomUniform",
                                                      "RandomUniformLike", "Multinomial",      "Bernoulli"};
  for (const auto& [name, body] : node.bodies) {
    for (const NodeId id : body->order) {
      if (nondeterministic(*body, body->nodes[id])) {
        return true;
      }
    }
  }
  if (node.domain != "ai.onnx") {
    return known(node.domain, node.op) ? false : true;  // of a provider's own operator nobody knows
  }
  if (node.op == "Dropout" && node.inputs.size() > 2 && node.inputs[2] != kNone) {
    const Constant* training = graph.constant_of(node.inputs[2]);
    std::vector<int64_t> value;
    return training == nullptr || !read_integers(*training, &value) || value.size() != 1 || value[0] != 0;
  }
  return std::find(random.begin(), random.end(), node.op) != random.end();
}

Status complete(Node* node, const CustomLookup* custom) {
  if (const Operator* op = current_operator(node->domain, node->op)) {
    node->form = op->form;
    return check_and_complete(*op, node);
  }
  if (custom != nullptr && *custom) {
    if (const CustomOperator* found = (*custom)(node->domain, node->op, node->form)) {
      return check_and_complete(from_custom(*found), node);
    }
  }
  return Status(TENON_UNSUPPORTED, "there is no operator " + node->domain + "." + node->op);
}

}  // namespace tenon::onnx_facts
