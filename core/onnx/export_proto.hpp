// SPDX-License-Identifier: Apache-2.0
// The IR's records as ONNX's messages. Internal to export.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/ir/graph.hpp"
#include "core/onnx/wire/writer.hpp"

namespace tenon::onnx_export {

// Where large weights go, when not into the model's file.
struct ExternalFile {
  std::string name;  // in the model's folder
  uint64_t size = 0;
  struct Entry {
    const Constant* constant;
    uint64_t offset;
  };
  std::vector<Entry> entries;
};
constexpr uint64_t kExternalFrom = 1024;  // bytes of a tensor that is worth an entry

wire::Message type_message(const Type& type, const Model& model);
wire::Message value_info_message(std::string_view name, const Type& type, const Model& model);
// Borrows the constant's bytes. external: NULL, or where those of large tensors are put down.
wire::Message tensor_message(std::string_view name, const Constant& constant, ExternalFile* external);
wire::Message attribute_message(const Attribute& attribute, const Model& model);
// Borrowed bytes of graphs, too.
wire::Message graph_attribute_message(std::string_view name, wire::Message graph);

}  // namespace tenon::onnx_export
