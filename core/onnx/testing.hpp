// SPDX-License-Identifier: Apache-2.0
// For tests: models written in ONNX's text form, or put together as messages.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "core/ir/text.hpp"
#include "core/ir/verify.hpp"
#include "core/onnx/import.hpp"
#include "onnx/defs/parser.h"
#include "onnx/onnx_pb.h"

namespace tenon::onnx_testing {

inline tenon_onnx::ModelProto parse(std::string_view text) {
  tenon_onnx::ModelProto proto;
  const std::string kept(text);  // the parser borrows it
  tenon_onnx::OnnxParser parser(kept.c_str());
  const auto status = parser.Parse(proto);
  EXPECT_TRUE(status.IsOK()) << status.ErrorMessage();
  return proto;
}

inline Result<std::unique_ptr<Model>> import_string(const std::string& bytes, const ImportOptions& options = {}) {
  auto model = import_bytes(std::as_bytes(std::span(bytes)), nullptr, options);
  if (model.ok()) {
    const Status status = verify(**model);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  return model;
}

inline Result<std::unique_ptr<Model>> import_proto(const tenon_onnx::ModelProto& proto,
                                                   const ImportOptions& options = {}) {
  return import_string(proto.SerializeAsString(), options);
}

// A model of one graph in ONNX's text form: "agraph (float[N] x) => (float[N] y) { y = Relu(x) }".
inline tenon_onnx::ModelProto model_of(std::string_view graph, int opset = 28, int ir = 8) {
  return parse("<ir_version: " + std::to_string(ir) + ", opset_import: [\"\" : " + std::to_string(opset) + "]> " +
               std::string(graph));
}

inline Result<std::unique_ptr<Model>> import_graph(std::string_view graph, int opset = 28, int ir = 8) {
  return import_proto(model_of(graph, opset, ir));
}

// The nodes of the imported graph, one a line, without names and types: "ai.onnx::Add@7 (%x, %w)".
inline std::string nodes_of(std::string_view graph, int opset) {
  auto model = import_graph(graph, opset);
  EXPECT_TRUE(model.ok()) << model.status().message();
  if (!model.ok()) {
    return {};
  }
  TextOptions options;
  options.node_names = false;
  options.types = false;
  return to_text(*(*model)->graph, options);
}

// Expects an import to fail with this code and these words in its message.
inline void expect_failure(const Result<std::unique_ptr<Model>>& model, int32_t code, std::string_view words) {
  ASSERT_FALSE(model.ok()) << "imported, expected: " << words;
  EXPECT_STREQ(code_name(model.status().code()), code_name(code)) << model.status().message();
  EXPECT_NE(model.status().message().find(words), std::string::npos) << model.status().message();
}

}  // namespace tenon::onnx_testing
