// SPDX-License-Identifier: Apache-2.0
// Passes and shape programs on the graphs of tests/models, without their weights.
#include <gtest/gtest.h>

#include "core/ir/verify.hpp"
#include "core/onnx/import.hpp"
#include "core/opt/run_passes.hpp"
#include "core/shape/infer.hpp"
#include "core/shape/shape_program.hpp"

namespace tenon {
namespace {

using Dims = std::optional<std::vector<int64_t>>;

std::unique_ptr<Model> load(const std::string& name) {
  ImportOptions options;
  options.missing_weights_as_zero = true;
  auto model = import_file(TENON_SOURCE_DIR "/tests/models/" + name + ".onnx", options);
  EXPECT_TRUE(model.ok()) << model.status().message();
  if (!model.ok()) {
    return nullptr;
  }
  const Status status = infer_model(model->get());
  EXPECT_TRUE(status.ok()) << status.message();
  return std::move(*model);
}

// Dims of the graph's outputs when every symbol has `size` elements.
std::vector<Dims> output_dims(const Model& model, int64_t size) {
  const Graph& graph = *model.graph;
  auto program = ShapeProgram::build(graph);
  EXPECT_TRUE(program.ok());
  std::vector<KnownValue> inputs;
  for (ValueId id : graph.inputs) {
    std::vector<int64_t> dims;
    for (const Dim& dim : *graph.values[id].type.shape) {
      dims.push_back(dim.known() ? dim.size : size);
    }
    inputs.push_back({id, std::move(dims), nullptr});
  }
  ShapeResult result;
  const Status status = (*program)->run(inputs, &result);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(result.open.empty());
  std::vector<Dims> outputs;
  for (ValueId id : graph.outputs) {
    outputs.push_back(result.dims[id]);
    EXPECT_TRUE(outputs.back().has_value());
  }
  return outputs;
}

class Models : public testing::TestWithParam<const char*> {};

TEST_P(Models, PassesKeepInterfaceAndShapes) {
  const auto model = load(GetParam());
  ASSERT_NE(model, nullptr);
  const Interface interface = interface_of(*model->graph);
  const std::vector<Dims> small = output_dims(*model, 32), large = output_dims(*model, 64);
  PassOptions options;
  options.verify = true;
  const Status status = run_passes(model.get(), options, {});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(verify(*model).ok());
  EXPECT_TRUE(verify_interface(interface, *model->graph).ok());
  EXPECT_EQ(output_dims(*model, 32), small);
  EXPECT_EQ(output_dims(*model, 64), large);
}

INSTANTIATE_TEST_SUITE_P(All, Models,
                         testing::Values("bert_base", "decoder_plain", "efficientnet_b0", "minilm", "mobilenet_v2",
                                         "resnet50", "vit_b_16", "whisper_tiny_encoder"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace tenon
