// SPDX-License-Identifier: Apache-2.0
// From the bytes of an ONNX model to the IR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"
#include "core/onnx/facts.hpp"

namespace tenon {

// What a model may cost before anything has run. Reaching one is TENON_LIMIT with its name.
struct ImportLimits {
  uint64_t file_bytes = uint64_t{1} << 40;   // the model's file and each external data file
  uint64_t table_bytes = uint64_t{1} << 28;  // of memory for what the file lists: nodes, names, attributes, dims
  uint64_t dense_bytes = uint64_t{1} << 30;  // of all constants that must be converted to dense memory
  uint64_t nodes = 1'000'000;                // after inlining the model's functions, in all graphs
  uint32_t nesting = 64;                     // of graphs in nodes and functions in functions; 256 counts for more
  double seconds = 120;
};

enum class WeightsMode : uint8_t {
  map,   // weights stay in the mapped file; the file must not shrink while the model lives
  read,  // the whole file is read into memory first
};

// What a node of the model reads and makes, as the model writes it: before forms are raised and functions inlined.
struct NodeWires {
  const Graph* graph = nullptr;          // where the values are; a rewrite may have dropped it: look before use
  std::vector<ValueId> inputs, outputs;  // kNone: absent
};

struct ImportOptions {
  ImportLimits limits;
  WeightsMode weights = WeightsMode::map;
  // Folder that external data may lie beneath. Empty: none (import_bytes); the model's own folder (import_file), where
  // links lead into the blobs folder of a cache and nowhere else (MappedFile::Links::into_blobs).
  std::string external_root;
  // Operators of providers; NULL: none. Borrowed for the call.
  const onnx_facts::CustomLookup* custom = nullptr;
  // For tests of graphs without their weights: a tensor whose external data can't be found becomes a splat of zero.
  bool missing_weights_as_zero = false;
  // Filled with one record for each origin, for tools that draw the model. NULL: nothing is kept.
  std::vector<NodeWires>* wires = nullptr;
};

// Imports a model: every node has a form of opset 28 with defaults filled in, functions of the model are inlined, types
// are inferred and checked against those the model declares, Constant nodes and initializers are constants, and each
// node of the model has an origin. What the caller gets passes the IR's verifier.
// Errors name the place: TENON_NOT_FOUND, TENON_IO, TENON_PERMISSION (files), TENON_MALFORMED (with the byte's
// offset), TENON_INVALID_MODEL, TENON_UNSUPPORTED (operator, domain, or an old form that has no exact rewrite),
// TENON_VERSION (IR or opset), TENON_LIMIT, TENON_OUT_OF_MEMORY.
Result<std::unique_ptr<Model>> import_file(const std::string& path, const ImportOptions& options = {});

// The same from memory. `owner` keeps `bytes` alive: the model's constants point into them. NULL: they are copied.
Result<std::unique_ptr<Model>> import_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                            const ImportOptions& options = {});

}  // namespace tenon
