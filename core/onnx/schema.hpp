// SPDX-License-Identifier: Apache-2.0
// Operator schemas in our own terms, read once from libonnx and kept for the process. Internal to core/onnx.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"
#include "core/onnx/facts.hpp"

namespace tenon_onnx {
class OpSchema;
}

namespace tenon::onnx_facts {

// Attribute types beyond those that cross to providers (AttributeProto.AttributeType).
inline constexpr uint32_t kAttrFloat = 1, kAttrInt = 2, kAttrString = 3, kAttrTensor = 4, kAttrGraph = 5,
                          kAttrFloats = 6, kAttrInts = 7, kAttrStrings = 8, kAttrSparseTensor = 11, kAttrType = 13;
const char* attribute_type_name(uint32_t type);

// The types that a type variable of a schema may be.
struct TypeSet {
  std::string name;              // "T"
  uint32_t tensors = 0;          // bit d: tensor of dtype d
  std::vector<uint64_t> others;  // type_key of sequences, optionals, maps, sparse tensors
  std::string text;              // for messages: "tensor(float), tensor(double)"
  bool contains(const Type& type) const;
};
// A number that is equal for types of equal structure (shapes aside); 0 when nested too deep for any schema.
uint64_t type_key(const Type& type);
// "tensor(float32)", "sequence(tensor(int64))", with dims when there are any: "tensor(float32)[2,?,N]".
std::string type_text(const Type& type);

struct Formal {
  enum Option : uint8_t { single, optional, variadic };
  std::string name;
  Option option = single;
  bool homogeneous = true;
  uint32_t type_set = 0;  // index into Operator::type_sets
};

struct AttributeSpec {
  Attribute value;  // name, type and, when has_default, the default
  bool required = false;
  bool has_default = false;
};

// One version of one operator.
struct Operator {
  std::string domain;  // "ai.onnx", never empty
  std::string op;
  uint32_t since = 0;
  uint32_t form = 0;  // of forms.def, or since_version of a custom operator
  uint32_t min_inputs = 0, max_inputs = 0, min_outputs = 0, max_outputs = 0;
  std::vector<Formal> inputs, outputs;
  std::vector<TypeSet> type_sets;
  std::vector<AttributeSpec> attributes;
  const tenon_onnx::OpSchema* schema = nullptr;  // NULL: custom
  const CustomOperator* custom = nullptr;
  bool has_inference = false;
  bool gone = false;  // opset 28 has it no longer: its last version stands here

  // NULL when `index` is beyond the last parameter.
  const Formal* input(size_t index) const;
  const Formal* output(size_t index) const;
  const AttributeSpec* attribute(std::string_view name) const;
};

// The operator as of an opset of its domain (a deprecated one as it last was); NULL when there is none. Borrowed for
// ever. Thread-safe.
const Operator* find_operator(std::string_view domain, std::string_view op, uint32_t opset);
// As of opset 28.
const Operator* current_operator(std::string_view domain, std::string_view op);
// The newest opset of a domain that this build knows; 0 for others.
uint32_t newest_opset(std::string_view domain);
// The form of a schema version; `since` itself when the operator is not in forms.def.
uint32_t form_of(std::string_view domain, std::string_view op, uint32_t since);
// A custom operator as an Operator (made anew: the caller keeps it).
Operator from_custom(const CustomOperator& custom);

// Attributes, numbers of inputs and outputs, and bodies of `node` against `op`; then fills in defaults.
// TENON_INVALID_MODEL without the node's name: the caller adds it.
Status check_and_complete(const Operator& op, Node* node);
// Types of inputs against the operator's type variables. bound[i]: the type of type_sets[i], or none.
Status check_types(const Operator& op, const Node& node, std::span<const InferInput> inputs,
                   std::vector<const Type*>* bound);

}  // namespace tenon::onnx_facts
