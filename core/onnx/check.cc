// SPDX-License-Identifier: Apache-2.0
// A node against its operator's schema: attributes, numbers of inputs and outputs, types.
#include <string>

#include "core/base/nearest.hpp"
#include "core/onnx/schema.hpp"

namespace tenon::onnx_facts {
namespace {

Status invalid(std::string message) { return Status(TENON_INVALID_MODEL, std::move(message)); }

std::string count_text(uint32_t least, uint32_t most) {
  if (least == most) {
    return std::to_string(least);
  }
  return most == UINT32_MAX ? std::to_string(least) + " or more"
                            : std::to_string(least) + " to " + std::to_string(most);
}

Status check_count(const char* what, size_t got, uint32_t least, uint32_t most) {
  if (got >= least && got <= most) {
    return {};
  }
  return invalid("has " + std::to_string(got) + " " + what + ", expected " + count_text(least, most))
      .with_expectation(std::to_string(got), count_text(least, most));
}

// Required parameters must be present; a list may end early where the rest is optional.
Status check_present(const char* what, const std::vector<ValueId>& list, const Operator& op,
                     const Formal* (Operator::*parameter)(size_t) const) {
  for (size_t i = 0; i < list.size(); ++i) {
    const Formal* formal = (op.*parameter)(i);
    if (list[i] == kNone && formal != nullptr && formal->option != Formal::optional) {
      return invalid(std::string(what) + " '" + formal->name + "' is required but absent").with_value(formal->name);
    }
  }
  return {};
}

Status check_attribute(const Operator& op, const std::string& name, uint32_t type) {
  const AttributeSpec* spec = op.attribute(name);
  if (spec == nullptr) {
    std::vector<std::string> names;
    for (const AttributeSpec& known : op.attributes) {
      names.push_back(known.value.name);
    }
    return invalid("has attribute '" + name + "', which " + op.op + " does not have" + did_you_mean(name, names))
        .with_value(name);
  }
  if (spec->value.type != type) {
    const std::string got = attribute_type_name(type);
    const std::string expected = attribute_type_name(spec->value.type);
    return invalid("attribute '" + name + "' is of type " + got + ", expected " + expected)
        .with_value(name)
        .with_expectation(got, expected);
  }
  return {};
}

}  // namespace

Status check_and_complete(const Operator& op, Node* node) {
  // Optional inputs at the end need not be written down.
  for (size_t i = node->inputs.size(); i < op.min_inputs && i < op.inputs.size(); ++i) {
    if (op.inputs[i].option == Formal::optional) {
      node->inputs.resize(i + 1, kNone);
    }
  }
  TENON_RETURN_IF_ERROR(check_count("inputs", node->inputs.size(), op.min_inputs, op.max_inputs));
  TENON_RETURN_IF_ERROR(check_count("outputs", node->outputs.size(), op.min_outputs, op.max_outputs));
  TENON_RETURN_IF_ERROR(check_present("input", node->inputs, op, &Operator::input));
  for (const Attribute& attribute : node->attributes) {
    TENON_RETURN_IF_ERROR(check_attribute(op, attribute.name, attribute.type));
  }
  for (const auto& [name, body] : node->bodies) {
    TENON_RETURN_IF_ERROR(check_attribute(op, name, kAttrGraph));
  }
  for (const AttributeSpec& spec : op.attributes) {
    const bool there = spec.value.type == kAttrGraph ? node->body(spec.value.name) != nullptr
                                                     : node->attribute(spec.value.name) != nullptr;
    if (there) {
      continue;
    }
    if (spec.required) {
      return invalid("lacks the required attribute '" + spec.value.name + "'").with_value(spec.value.name);
    }
    if (spec.has_default) {
      node->attributes.push_back(spec.value);
    }
  }
  return {};
}

Status check_types(const Operator& op, const Node& node, std::span<const InferInput> inputs,
                   std::vector<const Type*>* bound) {
  bound->assign(op.type_sets.size(), nullptr);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Type* type = inputs[i].type;
    const Formal* formal = op.input(i);
    if (formal == nullptr || type == nullptr || !type->known() || node.inputs[i] == kNone) {
      continue;
    }
    const TypeSet& set = op.type_sets[formal->type_set];
    if (!set.contains(*type)) {
      return invalid("input '" + formal->name + "' is a " + type_text(*type) + ", expected one of " + set.text)
          .with_value(formal->name)
          .with_expectation(type_text(*type), set.text);
    }
    if (formal->option == Formal::variadic && !formal->homogeneous) {
      continue;
    }
    const Type*& binding = (*bound)[formal->type_set];
    if (binding == nullptr) {
      binding = type;
    } else if (binding->kind != type->kind || type_key(*binding) != type_key(*type)) {
      return invalid("input '" + formal->name + "' is a " + type_text(*type) + ", expected a " + type_text(*binding) +
                     " as its other inputs of type " + set.name)
          .with_value(formal->name)
          .with_expectation(type_text(*type), type_text(*binding));
    }
  }
  return {};
}

}  // namespace tenon::onnx_facts
