// SPDX-License-Identifier: Apache-2.0
// What an operator is here: a constant record (name, form, types, operands) and one function over a Context.
#ifndef TENON_REFERENCE_OPERATOR_HPP_
#define TENON_REFERENCE_OPERATOR_HPP_

#include <tenon/kit/attributes.hpp>
#include <tenon/kit/dims.hpp>
#include <tenon/kit/dtypes.hpp>
#include <tenon/kit/elements.hpp>
#include <tenon/provider.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::reference {

using kit::Dims;
using kit::DimsView;
using kit::Input;
using kit::Output;
using kit::Tag;
using plugin::fail;
using plugin::require;

class Context;

/// A type parameter of the ONNX schema and every dtype that it may be.
struct TypeParameter {
  std::string_view name;
  kit::DtypeSet types;
};

/// One operator at one form. Made at compile time, one in each file of ops/. Unused entries stay empty.
struct Operator {
  std::string_view name;
  uint32_t form;
  TypeParameter types[4];
  /// A type parameter's name or that of a dtype ("int64"), for each formal input of the schema in order; "?" behind it
  /// marks an optional one, "..." the last one, which may be there any number of times.
  std::string_view inputs[9];
  std::string_view outputs[4];
  /// Computes the node. Throws plugin::Error (TENON_RUN for values that the operator is not defined for); the
  /// framework puts the node's name in front of the text.
  void (*run)(Context& c);
  /// Optional, at query: why this node's attributes can't be had, one sentence without full stop; "" when they can.
  std::string (*refuse)(const plugin::Node& node) = nullptr;
};

/// Opens the definition of the record that ops.def names by `file`.
#define TENON_OPERATOR(file)       \
  extern const Operator op_##file; \
  constinit const Operator op_##file

/// What a node is after compile: everything that `run` may ask for beside its tensors. Immutable.
struct CompiledNode {
  const Operator* op = nullptr;
  std::string text;  // "node 'conv1' (Conv)"
  kit::Attributes attributes;
  std::vector<std::optional<uint32_t>> inputs;   // for each input of the node its index in the region's inputs
  std::vector<std::optional<uint32_t>> outputs;  // as above; none: nobody reads it
  std::vector<uint32_t> output_dtypes;
};

/// One execution of a node. Inputs and outputs are counted as the schema counts them. Used by one thread; the functions
/// given to parallel_for read inputs and write disjoint parts of outputs.
class Context {
 public:
  Context(const CompiledNode& node, const plugin::Run& run);

  const kit::Attributes& attributes() const { return node_.attributes; }
  /// Of the node, absent ones among them counted.
  size_t ninputs() const { return node_.inputs.size(); }
  size_t noutputs() const { return node_.outputs.size(); }
  bool has_input(size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  /// Dense host elements. The input must be there.
  const Input& input(size_t i) const;
  /// An int32 or int64 input as int64s, in row-major order.
  Dims integers(size_t i) const;
  /// Somebody reads this output. Optional ones that nobody reads need not be computed.
  bool has_output(size_t i) const { return i < node_.outputs.size() && node_.outputs[i].has_value(); }
  uint32_t output_dtype(size_t i) const { return node_.output_dtypes[i]; }
  /// The memory of output i, which gets these dims: the host's where it has made some (its dims must be the same), else
  /// asked for now. Scratch when nobody reads it. Call it once for each that the node names.
  Output& output(size_t i, Dims dims);
  /// Throws when the run was cancelled or its deadline has passed. Costs a load; call it each few milliseconds.
  void check() const { task_.check(); }
  /// See plugin::Task: fn(i) for every i < n, in any order, on several threads; n is a function of shapes only.
  template <class F>
  void parallel_for(int64_t n, F&& fn) const {
    task_.parallel_for(static_cast<uint64_t>(n), [&](uint64_t i) { fn(static_cast<int64_t>(i)); });
  }
  /// For the framework: packs sub-byte elements and hands strings to the host.
  void finish();

 private:
  const CompiledNode& node_;
  const plugin::Run& run_;
  plugin::Task task_;
  std::vector<std::unique_ptr<Input>> inputs_;
  std::vector<std::unique_ptr<Output>> outputs_;
};

/// An operator and the domain that it stands in.
struct Entry {
  std::string_view domain;
  const Operator* op;
};
/// All operators of ops/<domain>/ops.def, in that order.
std::span<const Entry> operators();
/// NULL when there is none of that name.
const Operator* find_operator(std::string_view domain, std::string_view name);
/// Why the reference does not take `node`, or none when it does.
struct Refusal {
  uint32_t reason;
  std::string text;
  uint32_t value = TENON_NO_ID;
};
std::optional<Refusal> refusal(const plugin::Node& node);
/// One line an operator: "ai.onnx Clip 11 T=float,double in=T,T?,T? out=T".
std::string list_operators();

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_OPERATOR_HPP_
