// SPDX-License-Identifier: Apache-2.0
// From the IR to the bytes of an ONNX model.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"

namespace tenon {

struct ExportOptions {
  uint32_t opset = 0;               // of ai.onnx; 0: the model's own
  bool external_data = false;       // weights of 1 KiB and more lie in a file of their own even where one file would do
  bool dense_splats = false;        // constants of one repeated value are written out, not as ConstantOfShape
  uint64_t most_bytes = INT32_MAX;  // of the model's file: what protobuf's libraries read. Beyond, weights leave it
  // Called with bytes written of all; an error of it ends the export and leaves no file. May be empty.
  std::function<Status(uint64_t done, uint64_t total)> progress;
};

struct ExportReport {
  uint32_t opset = 0;
  int64_t ir_version = 0;
  uint64_t nodes = 0;  // in all graphs
  std::map<std::string, uint64_t> operators;
  std::map<std::string, uint64_t> lowered;  // by operator: nodes that got an older form
  uint64_t bytes = 0;                       // of the model's file
  std::string external_file;                // "": none; a name in the model's folder
  uint64_t external_bytes = 0;
};

// The opset that `opset` (0: the model's own) stands for. TENON_VERSION when this build does not know it.
Result<uint32_t> export_opset(const Model& model, uint32_t opset);

// Writes the model to `path`, and its large weights beside it (PATH's name and ".data") when options ask for that or
// the file would pass most_bytes. Names, types and named dims of inputs and outputs, defaults of inputs, metadata
// and domains are those of the model. Files are put in place when both are whole, the weights first. Weights are
// streamed from where they are. Afterwards the model is of no other use: nodes have the forms of the opset.
// TENON_UNSUPPORTED names the nodes that have no exact form in the opset; errors of NewFile; what progress returns.
Status export_model(Model* model, const std::string& path, const ExportOptions& options, ExportReport* report);

}  // namespace tenon
