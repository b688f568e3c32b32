// SPDX-License-Identifier: Apache-2.0
// The functions of a model: look-up, opset imports, and what inlining them all would make.
#include <algorithm>

#include "core/base/checked.hpp"
#include "core/onnx/build.hpp"

namespace tenon::onnx_import {
namespace {

std::string key_of(std::string_view domain, std::string_view name, std::string_view overload) {
  std::string key(domain_of(domain));
  key.append(1, '\0').append(name).append(1, '\0').append(overload);
  return key;
}

std::string title(const wire::Function& function) {
  return std::string(domain_of(function.domain)) + "." + std::string(function.name);
}

}  // namespace

std::string_view domain_of(std::string_view domain) { return domain.empty() ? "ai.onnx" : domain; }

Status read_opsets(const std::vector<wire::OperatorSetId>& list, Opsets* out) {
  for (const wire::OperatorSetId& opset : list) {
    const std::string domain(domain_of(opset.domain));
    const uint32_t newest = onnx_facts::newest_opset(domain);
    if (opset.version < 1 || opset.version > INT32_MAX) {
      return Status(TENON_INVALID_MODEL, "imports opset " + std::to_string(opset.version) + " of " + domain);
    }
    if (newest != 0 && opset.version > newest) {
      return Status(TENON_VERSION, "imports opset " + std::to_string(opset.version) + " of " + domain +
                                       ", this build knows up to " + std::to_string(newest))
          .with_expectation(std::to_string(opset.version), "at most " + std::to_string(newest));
    }
    const auto version = static_cast<uint32_t>(opset.version);
    const auto [it, added] = out->emplace(domain, version);
    if (!added && it->second != version) {
      return Status(TENON_INVALID_MODEL, "imports two opsets of " + domain + ", " + std::to_string(it->second) +
                                             " and " + std::to_string(version));
    }
  }
  return {};
}

Status Functions::add(const std::vector<wire::Function>& list) {
  for (const wire::Function& function : list) {
    if (!by_name_.emplace(key_of(function.domain, function.name, function.overload), &function).second) {
      return Status(TENON_INVALID_MODEL, "the model has two functions " + title(function));
    }
    if (Status status = read_opsets(function.opset_import, &opsets_[&function]); !status.ok()) {
      return status.prefixed("function " + title(function) + " ");
    }
  }
  return {};
}

const wire::Function* Functions::find(const wire::Node& node) const {
  if (by_name_.empty()) {
    return nullptr;
  }
  const auto it = by_name_.find(key_of(node.domain, node.op_type, node.overload));
  return it == by_name_.end() ? nullptr : it->second;
}

Result<uint64_t> Functions::count(const wire::Graph& graph, const ImportLimits& limits) {
  uint64_t total = 0;
  TENON_RETURN_IF_ERROR(count_nodes(graph.node, limits, 0, &total));
  return total;
}

Status Functions::count_nodes(const std::vector<wire::Node>& nodes, const ImportLimits& limits, uint32_t depth,
                              uint64_t* total) {
  if (depth > limits.nesting) {
    return Status(TENON_LIMIT, "graphs and functions are nested deeper than the limit 'nesting' of " +
                                   std::to_string(limits.nesting))
        .with_value("nesting");
  }
  for (const wire::Node& node : nodes) {
    uint64_t more = 1;
    if (const wire::Function* function = find(node)) {
      TENON_RETURN_IF_ERROR(count_function(*function, limits, depth + 1, &more));
    }
    for (const wire::Attribute& attribute : node.attribute) {
      if (attribute.g) {
        TENON_RETURN_IF_ERROR(count_nodes(attribute.g->node, limits, depth + 1, &more));
      }
    }
    const CheckedSize sum = CheckedSize(*total) + CheckedSize(more);
    if (!sum.within(limits.nodes)) {
      return Status(TENON_LIMIT, "with its functions inlined the model has more nodes than the limit 'nodes' of " +
                                     std::to_string(limits.nodes))
          .with_value("nodes");
    }
    *total = sum.value();
  }
  return {};
}

Status Functions::count_function(const wire::Function& function, const ImportLimits& limits, uint32_t depth,
                                 uint64_t* total) {
  if (const auto it = counts_.find(&function); it != counts_.end()) {
    *total += it->second;  // both are at most limits.nodes
    return {};
  }
  if (const auto first = std::find(open_.begin(), open_.end(), &function); first != open_.end()) {
    std::string text;
    for (auto it = first; it != open_.end(); ++it) {
      text += title(**it) + " -> ";
    }
    return Status(TENON_INVALID_MODEL, "a function calls itself: " + text + title(function))
        .with_value(title(function));
  }
  open_.push_back(&function);
  uint64_t own = 0;
  TENON_RETURN_IF_ERROR(count_nodes(function.node, limits, depth, &own));
  open_.pop_back();
  counts_.emplace(&function, own);
  *total += own;
  return {};
}

}  // namespace tenon::onnx_import
