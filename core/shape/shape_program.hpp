// SPDX-License-Identifier: Apache-2.0
// Shapes at run time: for given dims of a graph's inputs, the dims of every value, and the contents of the small
// integer tensors that decide them (the shape slice), without running a provider.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"
#include "core/shape/infer.hpp"

namespace tenon {

// What is known of one value: from outside (a graph input, a captured value), or once its node has run.
struct KnownValue {
  ValueId value = kNone;
  std::optional<std::vector<int64_t>> dims;  // nullopt: not a tensor
  ConstantPtr contents;                      // where ShapeProgram::wants_contents(value), else NULL
};

struct ShapeResult {
  // By ValueId. nullopt: open (see `open`), absent, or not a tensor. Graph inputs, captured values and constants too.
  std::vector<std::optional<std::vector<int64_t>>> dims;
  // By ValueId: contents of constants' and inputs' and slice nodes' values as far as they are known and small; else
  // NULL.
  std::vector<ConstantPtr> contents;
  // Nodes with an output whose dims (of slice nodes: contents) are not known yet, in graph order. Empty: everything is
  // planned. A node here whose inputs' dims are all known is one whose result decides (NonZero, If, ...), or waits for
  // the contents of an input that wants_contents; the others wait for them. A sequence, optional or map has no dims and
  // is not waited for.
  std::vector<NodeId> open;
};

// Built once from a graph (after passes; infer_model must have run on its model). Borrows the graph: it must not change
// and must outlive the program. Immutable afterwards: const methods may be called by any thread at any time.
class ShapeProgram {
 public:
  // A body has a program of its own, with its captured values as further inputs.
  static Result<std::unique_ptr<ShapeProgram>> build(const Graph& graph, const InferOptions& options = {});
  ~ShapeProgram();

  // Whether the contents of this value decide shapes and only a run tells them: a graph input or captured value whose
  // contents run() wants (they belong to the key of a plan cache, beside the dims), or a value made by a node that
  // providers execute, whose contents resume() wants.
  bool wants_contents(ValueId value) const;
  // The graph inputs and captured values that want contents, in their order; empty for most models.
  const std::vector<ValueId>& content_inputs() const;
  // The node is evaluated here and need not be executed: after run() (or a resume()) without error, `contents` holds
  // all its outputs, of which whoever reads them, a graph output included, takes a copy. Its placement class is
  // "shape".
  bool in_slice(NodeId node) const;

  // `inputs`: one entry for each graph input and captured value (body) in any order. Dims are checked against the
  // declared types: INVALID_TENSOR with the input's name, got and expected, also when equal symbols get different
  // sizes. Other errors name the node: INVALID_MODEL or RUN when shapes clash, LIMIT when a value passes
  // kMaxElements, one of the slice 1,048,576 elements, or all of those 4,194,304.
  Status run(std::span<const KnownValue> inputs, ShapeResult* result) const;
  // Continues with what running nodes in `open` has shown. `result` must come from run() or resume().
  Status resume(std::span<const KnownValue> known, ShapeResult* result) const;

 private:
  struct Impl;
  explicit ShapeProgram(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon
